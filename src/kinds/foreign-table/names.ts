// A foreign table as the catalog would show it if the objects that it refers to had other names.
import { record } from '../facets/options.ts'
import { withTypeNames } from '../facets/type-names.ts'
import type { StandInOf } from '../probing.ts'
import { withParentNames } from './inheritance.ts'
import { hasParents, parentsIn } from './parents.ts'
import type { ForeignTableSpec } from './spec.ts'

export function withNames(spec: ForeignTableSpec, nameOf: StandInOf): ForeignTableSpec {
  const server = nameOf({ kind: 'server', name: spec.server })
  const named = hasParents(parentsIn(spec)) ? withParentNames(spec, nameOf) : spec
  return withTypes(server.kind === 'server' ? { ...named, server: server.name } : named, nameOf)
}

function withTypes(spec: ForeignTableSpec, nameOf: StandInOf): ForeignTableSpec {
  const renamed = (text: string | null) => text && withTypeNames(text, nameOf)
  return {
    ...spec,
    columns: record(
      Object.entries(spec.columns).map(([name, column]) => [
        name,
        {
          ...column,
          type: withTypeNames(column.type, nameOf),
          default: renamed(column.default),
          generated: renamed(column.generated),
        },
      ]),
    ),
    checks: record(
      Object.entries(spec.checks).map(([name, check]) => [
        name,
        { ...check, expression: withTypeNames(check.expression, nameOf) },
      ]),
    ),
  }
}

export function columnNames({ columns }: Pick<ForeignTableSpec, 'columns'>): ReadonlySet<string> {
  return new Set(Object.keys(columns))
}
