// Made from schemas/manifest.schema.json by "npm run generate". Do not edit.

export interface ValidationError {
  /** A JSON pointer to the value in question. */
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

declare const validate: {
  (data: unknown): boolean
  /** Of the last call: null if it returned true. */
  errors?: readonly ValidationError[] | null
}
export default validate
