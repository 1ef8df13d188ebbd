// Why a table of a source could not be imported, and which option of the import leaves out what it needs.

import type { DatabaseError } from '../db/database-error.ts'
import type { ImportRequest } from '../manifest/manifest.ts'
import { type Reason, reasonOf } from './reasons.ts'

/** What postgres_fdw copies besides columns and their types, and whether it does so by default. */
const copied = {
  import_collate: { what: 'collations', isDefault: true },
  import_default: { what: 'defaults', isDefault: false },
  import_generated: { what: 'generation expressions', isDefault: true },
} as const

/** SQLSTATEs of an expression that uses what does not exist here: a function, relation, operator, schema, or a mismatch. */
const ofExpressions: ReadonlySet<string> = new Set(['42883', '42P01', '42804', '42P17', '3F000', '42725', '42703'])

export function importFailure(error: DatabaseError, { options }: Pick<ImportRequest, 'options'>): Reason {
  const { reason, hint } = reasonOf(error)
  const suspects = (Object.keys(copied) as (keyof typeof copied)[]).filter((option) => {
    const isOn = /^(1|t|true|on|yes|y)$/i.test(options[option] ?? String(copied[option].isDefault))
    return isOn && isAtFault(error, option)
  })
  if (suspects.length === 0) return { reason, hint }
  const names = suspects.map((option) => copied[option].what).join(' or ')
  const settings = suspects.map((option) => `${option}: "false"`).join(', ')
  return { reason, hint: `Create what it needs here, or import without ${names}: options: { ${settings} }.` }
}

function isAtFault({ sqlstate, message }: DatabaseError, option: keyof typeof copied): boolean {
  const isCollation = sqlstate === '42704' && /collation/i.test(message)
  return option === 'import_collate' ? isCollation : ofExpressions.has(sqlstate)
}
