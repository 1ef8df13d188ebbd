/**
 * A value that cannot be printed by accident: `toString`, `toJSON` and inspection all give `(secret)`.
 * Equality of two secrets is not offered either; they are compared on the server, as salted digests.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. Only the connection that carries it to the server, and digests, may ask for it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '(secret)'
  }

  toJSON(): string {
    return '(secret)'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '(secret)'
  }
}

/** Replaces every occurrence of the secrets in a text that comes from elsewhere, a driver's error for instance. */
export function redact(text: string, secrets: Iterable<Secret>): string {
  let redacted = text
  for (const secret of secrets) {
    const value = secret.reveal()
    // A one-letter password would turn every message into noise and give away more than it hides.
    if (value.length >= 3) redacted = redacted.replaceAll(value, '(secret)')
  }
  return redacted
}
