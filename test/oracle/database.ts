import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A database as SQL makes it. */
export interface OracleDatabase {
  readonly name: string
  /** What it rests on and what is none of fdwsync's: local tables, functions. The copy gets it too. */
  readonly before: string
  /** What is exported. */
  readonly sql: string
  /** The oldest major that can have it. */
  readonly since: number
}

const folder = join(import.meta.dirname, 'databases')
/** All that stands above this line is made in the copy too. */
const divider = /^-- exported:$/m

export const databases: readonly OracleDatabase[] = readdirSync(folder)
  .filter((file) => file.endsWith('.sql'))
  .sort()
  .map((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const parts = text.split(divider)
    return {
      name: file.slice(0, -'.sql'.length),
      before: parts.length > 1 ? (parts[0] ?? '') : '',
      sql: parts.at(-1) ?? '',
      since: Number(/^-- since: (\d+)$/m.exec(text)?.[1] ?? 14),
    }
  })
