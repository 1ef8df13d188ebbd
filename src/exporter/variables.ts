// Names the environment variables that take the place of secrets in an exported manifest.

import { Variable, type WriteContext } from '../kinds/facets/stanza.ts'

/** An environment variable that must be set before the manifest can be planned. */
export interface RequiredVariable {
  readonly name: string
  /** What to set it to. */
  readonly meaning: string
}

/** Hands out variables with distinct names, and collects them in `required`. */
export function createVariables(): WriteContext & { readonly required: readonly RequiredVariable[] } {
  const required: RequiredVariable[] = []
  return {
    required,
    variable(words, meaning) {
      const plain = nameOf(words)
      let name = plain
      for (let count = 2; required.some((other) => other.name === name); count++) name = `${plain}_${count}`
      required.push({ name, meaning })
      return new Variable(name)
    },
  }
}

/** `shop`, `etl`, `password` becomes SHOP_ETL_PASSWORD. */
function nameOf(words: readonly string[]): string {
  const parts = words.map((word) =>
    word
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_')
      .replace(/^_+|_+$/g, ''),
  )
  const name = parts.filter((part) => part !== '').join('_')
  return /^[A-Z]/.test(name) ? name : `FDW_${name}`
}
