//! One row of a procedure table.

/// A row: number, name, function, what to do with a duplicate, largest result in bytes, and a
/// [`rpc::Bound`] where it can be larger, as the arguments ask. The
/// function is given the [`crate::ops::Request`], the arguments it declares, and the result's
/// writer; the row lets the call in and decodes the arguments. Bytes behind them are ignored, as other servers do.
macro_rules! procedure {
    ($number:literal, $name:literal, $function:path, $replay:ident, $result_bytes:expr) => {
        $crate::procedure::procedure!(
            $number,
            $name,
            $function,
            $replay,
            $result_bytes,
            rpc::Bound::Fixed($result_bytes)
        )
    };
    (
        $number:literal, $name:literal, $function:path, $replay:ident, $result_bytes:expr,
        $bound:expr
    ) => {
        rpc::Procedure {
            number: $number,
            name: $name,
            run: |server, call, result| {
                alloc::boxed::Box::pin(async move {
                    server.admit(call)?;
                    let arguments = xdr::Xdr::decode(&mut call.reader())?;
                    $function(&server.request(call), arguments, result).await;
                    Ok(())
                })
            },
            replay: rpc::Replay::$replay,
            result_bytes: $result_bytes,
            bound: $bound,
        }
    };
}

pub(crate) use procedure;
