//! One row of a procedure table.

/// A row: number, name, function, what to do with a duplicate, largest result in bytes. The
/// function is given the [`crate::ops::Request`], the arguments it declares, and the result's
/// writer; the row decodes the arguments. Bytes behind them are ignored, as other servers do.
macro_rules! procedure {
    ($number:literal, $name:literal, $function:path, $replay:ident, $result_bytes:expr) => {
        rpc::Procedure {
            number: $number,
            name: $name,
            run: |server, call, result| {
                alloc::boxed::Box::pin(async move {
                    let arguments = xdr::Xdr::decode(&mut call.reader())?;
                    $function(&server.request(call), arguments, result).await;
                    Ok(())
                })
            },
            replay: rpc::Replay::$replay,
            result_bytes: $result_bytes,
        }
    };
}

pub(crate) use procedure;
