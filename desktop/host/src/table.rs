//! The form in which the host's own calls are written down.

/// Makes of a table of calls what answers them, the list of their names, and with feature `types`
/// the declarations for a front end. In brackets: the windows that may make them.
macro_rules! calls {
    ($(
        $(#[doc = $doc:literal])*
        [$($window:ident)+] $method:ident { $($field:ident : $type:ty),* $(,)? } -> $result:ty = |$host:ident| $body:expr;
    )*) => {
        /// Every call of this table and the windows that may make it.
        pub(super) const METHODS: &[(&str, &[&str])] =
            &[$((stringify!($method), &[$(stringify!($window)),+])),*];

        /// Answers `method`, which is in this table.
        async fn own(
            asked: &$crate::Host,
            method: &str,
            params: serde_json::Value,
        ) -> $crate::problem::Result<serde_json::Value> {
            match method {
                $(stringify!($method) => {
                    #[derive(serde::Deserialize)]
                    #[serde(deny_unknown_fields)]
                    struct Params { $($field: $type),* }
                    let answer = async {
                        let Params { $($field),* } = self::params(stringify!($method), params)?;
                        let $host = asked;
                        let result: $crate::problem::Result<$result> = $body;
                        serde_json::to_value(result?).map_err($crate::Problem::internal)
                    };
                    // Boxed one by one: in one piece they would be as large as the largest.
                    Box::pin(answer).await
                })*
                _ => Err($crate::Problem::internal("a call without an answer")),
            }
        }

        /// Declares the calls of this table.
        #[cfg(feature = "types")]
        pub(crate) fn declare(types: &mut sealwire_core::call::types::Types) {
            $({
                let params: Vec<(&str, String)> =
                    vec![$((stringify!($field), types.name::<$type>())),*];
                let result = types.name::<$result>();
                types.call(stringify!($method), &[$($doc),*], &params, &result);
            })*
        }
    };
}

pub(crate) use calls;
