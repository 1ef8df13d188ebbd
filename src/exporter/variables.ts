import { Variable, type WriteContext } from '../kinds/facets/stanza.ts'

/** A variable of the environment that has to be set before the manifest can be planned. */
export interface NeededVariable {
  readonly name: string
  readonly meaning: string
}

/** Gives out names of variables, no name twice, and keeps what each is for. */
export function variables(): WriteContext & { readonly needed: readonly NeededVariable[] } {
  const needed: NeededVariable[] = []
  return {
    needed,
    variable(words, meaning) {
      const plain = nameOf(words)
      let name = plain
      for (let count = 2; needed.some((other) => other.name === name); count++) name = `${plain}_${count}`
      needed.push({ name, meaning })
      return new Variable(name)
    },
  }
}

/** `shop`, `etl`, `password`: SHOP_ETL_PASSWORD. */
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
