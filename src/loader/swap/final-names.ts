// Types that a plan replaces have temporary names until their last dependents are swapped. PostgreSQL shows these names in the
// SQL of the dependents, while successors must use the new types, which have the original names.

import type { Plan } from '../../core/plan.ts'
import { ident, qualified } from '../../core/sql.ts'

/** Replaces the temporary names in SQL that was read under `readingPath`, or in any data with such SQL. */
export interface FinalNames {
  inText(text: string): string
  inData<Data>(data: Data): Data
}

export function finalNames(changes: Plan['changes']): FinalNames {
  const names = changes.flatMap(({ change }) => {
    if (change.op !== 'drop' || !change.renamedAsideFor) return []
    const [temporary, { id }] = [change.from.id, change.renamedAsideFor.from]
    if (!('schema' in temporary && 'schema' in id)) return []
    return [[`${ident(temporary.schema)}.${temporary.name}`, qualified(id.schema, id.name)] as const]
  })
  const inText = (text: string) =>
    names.reduce((result, [temporary, final]) => result.replaceAll(temporary, () => final), text)
  return {
    inText,
    inData: (data) =>
      names.length === 0
        ? data
        : JSON.parse(JSON.stringify(data), (_, value: unknown) => (typeof value === 'string' ? inText(value) : value)),
  }
}
