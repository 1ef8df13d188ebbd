// Secrets: values that must not be printed. redaction.ts removes them from texts.

/** The text that is shown in place of a secret. */
export const secretText = '(secret)'

/**
 * A value that cannot be printed by accident: `toString`, `toJSON` and inspection return `(secret)`.
 * Secrets cannot be compared here either: the server compares them, as salted digests.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the connection that sends it to the server, and for digests. Nothing else may call this. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return secretText
  }

  toJSON(): string {
    return secretText
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return secretText
  }
}
