// SQL with places into which the function puts names, so that it can share the blocks of tables with the command. The server's
// format() replaces all places at once, so that a name that looks like a place is not taken for one. Pure.

import { type Sql, trusted } from '../../core/sql.ts'

/** A place, by its position among the values. */
export function place(position: number): Sql {
  return trusted(`${opening}${position}${closing}`)
}

// Characters that occur nowhere else in the blocks.
const [opening, closing] = ['\uE000', '\uE001']

/** A constant: the argument of format() that becomes the SQL. */
export function templateOf(sql: Sql): string {
  return constantOf(sql.replaceAll('%', '%%').replaceAll(opening, '%').replaceAll(closing, '$s'))
}

/** A constant in a function's body. */
export function constantOf(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
