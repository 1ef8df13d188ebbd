// Reads databases/: each file is a database as SQL, to be exported as a manifest and created from it elsewhere.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A database as SQL. */
export interface OracleDatabase {
  readonly name: string
  /** Unmanaged objects that it needs: tables, functions. The copy gets them too. */
  readonly before: string
  /** What is exported. */
  readonly sql: string
  /** The oldest major that supports it. */
  readonly since: number
}

const folder = join(import.meta.dirname, 'databases')
/** Everything above this line is created in the copy too. */
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
