//! The form in which calls are written down: name, parameters, result and what is done, on one
//! line each.

/// Makes of a table of calls the function that answers them, the list of their names, and with
/// feature `types` the declarations for a front end.
macro_rules! calls {
    ($(
        $(#[doc = $doc:literal])*
        $method:ident { $($field:ident : $type:ty),* $(,)? } -> $result:ty = |$client:ident| $body:expr;
    )*) => {
        /// Names of the calls of this table.
        pub(super) const METHODS: &[&str] = &[$(stringify!($method)),*];

        /// Answers `method`, if it is in this table.
        pub(super) async fn call(
            asked: &$crate::Client,
            method: &str,
            params: &serde_json::Value,
        ) -> Option<$crate::Result<serde_json::Value>> {
            match method {
                $(stringify!($method) => {
                    #[derive(serde::Deserialize)]
                    #[serde(deny_unknown_fields)]
                    struct Params { $($field: $type),* }
                    let answer = async {
                        let Params { $($field),* } = super::params(stringify!($method), params)?;
                        let $client = asked;
                        let result: $result = $body?;
                        serde_json::to_value(result).map_err($crate::CoreError::internal)
                    };
                    // Boxed one by one: in one piece they would be as large as the largest.
                    Some(Box::pin(answer).await)
                })*
                _ => None,
            }
        }

        /// Declares the calls of this table.
        #[cfg(feature = "types")]
        pub(super) fn declare(types: &mut super::types::Types) {
            $({
                let params: Vec<(&str, String)> =
                    vec![$((stringify!($field), types.name::<$type>())),*];
                let result = types.name::<$result>();
                types.call(stringify!($method), &[$($doc),*], &params, &result);
            })*
        }
    };
}

pub(super) use calls;
