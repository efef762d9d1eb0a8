/** What may be told to whoever helps: the kind of problem and where, never names or content. */
export const report = (code: string, at: Date): string =>
  [`sealwire: ${code}`, at.toISOString(), navigator.userAgent].join("\n");
