// Types of a source whose collations do not exist here. A mirror copies domains and composite types without them, like columns. A range
// without its collation would not contain the same values, so it counts as a type that cannot be copied.

import type { Session } from '../../db/session.ts'
import type { ObjectName } from '../../kinds/facets/names.ts'
import { showName } from '../../kinds/facets/names.ts'
import { record } from '../../kinds/facets/options.ts'
import type { TypeSpec } from '../../kinds/type/type.ts'
import { existingCollations } from '../imports/column-collations.ts'
import type { RemoteType } from './remote-types.ts'

export async function withoutMissingCollations(
  session: Session,
  all: readonly RemoteType[],
): Promise<readonly RemoteType[]> {
  const used = all.flatMap(({ spec }) => (spec ? collationsOf(spec) : []))
  if (used.length === 0) return all
  const existing = await existingCollations(session, used)
  const isMissing = (collation: ObjectName | null) => collation !== null && !existing.has(showName(collation))
  return all.map((type) => {
    const { spec } = type
    if (!spec || !collationsOf(spec).some(isMissing)) return type
    if (spec.sort === 'range')
      return { ...type, spec: undefined, sort: 'a range with a collation that does not exist here' }
    return { ...type, ...withoutCollations(type, spec, isMissing) }
  })
}

function collationsOf({ collation, attributes }: TypeSpec): readonly ObjectName[] {
  const all = [collation, ...Object.values(attributes).map((attribute) => attribute.collation)]
  return all.filter((each) => each !== null)
}

function withoutCollations(
  { omissions }: RemoteType,
  spec: TypeSpec,
  isMissing: (collation: ObjectName | null) => boolean,
): Pick<RemoteType, 'spec' | 'omissions'> {
  const missing = new Set(collationsOf(spec).filter(isMissing).map(showName))
  const attributes = Object.entries(spec.attributes).map(
    ([name, each]) => [name, isMissing(each.collation) ? { ...each, collation: null } : each] as const,
  )
  return {
    spec: { ...spec, collation: isMissing(spec.collation) ? null : spec.collation, attributes: record(attributes) },
    omissions: [
      ...omissions,
      ...Array.from(
        missing,
        (collation) =>
          `it is copied without the collation ${collation}, which does not exist here. Its values are sorted and compared by the default collation of this database`,
      ),
    ],
  }
}
