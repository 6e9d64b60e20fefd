/** What goes wrong with keys and certificates. Messages name what is wrong and never hold key material. */
export type IdentityErrorKind =
  /** The program failed or is missing. */
  | 'openssl'
  /** A request for a certificate is malformed, of the wrong kind of key, or not signed by its own key. */
  | 'bad-request'
  /** A certificate is not what it should be. */
  | 'untrusted'
  /** Nobody answers there, or it is not TLS. */
  | 'unreachable'
  /** A file of the identity is missing or damaged. */
  | 'damaged';

export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  constructor(
    readonly kind: IdentityErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
