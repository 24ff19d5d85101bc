//! Just enough JSON output: an object written field by field.

pub struct Obj(String);

pub fn quote(s: &str) -> String {
    let mut o = String::with_capacity(s.len() + 2);
    o.push('"');
    for c in s.chars() {
        match c {
            '"' => o.push_str("\\\""),
            '\\' => o.push_str("\\\\"),
            c if (c as u32) < 0x20 => o.push_str(&format!("\\u{:04x}", c as u32)),
            c => o.push(c),
        }
    }
    o.push('"');
    o
}

impl Obj {
    pub fn new() -> Obj {
        Obj(String::from("{"))
    }
    pub fn raw(mut self, key: &str, value: &str) -> Obj {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quote(key));
        self.0.push(':');
        self.0.push_str(value);
        self
    }
    pub fn str(self, key: &str, v: &str) -> Obj {
        let q = quote(v);
        self.raw(key, &q)
    }
    pub fn int(self, key: &str, v: u64) -> Obj {
        self.raw(key, &v.to_string())
    }
    pub fn num(self, key: &str, v: f64, digits: usize) -> Obj {
        if v.is_finite() { self.raw(key, &format!("{v:.digits$}")) } else { self.raw(key, "null") }
    }
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object() {
        let s = Obj::new()
            .str("a\"b", "x\ny")
            .int("n", 3)
            .num("f", 1.0, 2)
            .num("nan", f64::NAN, 1)
            .end();
        assert_eq!(s, "{\"a\\\"b\":\"x\\u000ay\",\"n\":3,\"f\":1.00,\"nan\":null}");
    }
}
