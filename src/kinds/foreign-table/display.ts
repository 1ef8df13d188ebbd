// What a plan shows of a new foreign table.

import { accessDetails } from '../facets/access.ts'
import { describeColumn } from '../facets/columns/columns.ts'
import { commentDetails } from '../facets/comment.ts'
import { nameOf } from '../facets/names.ts'
import { describeOptions } from '../facets/options.ts'
import type { Display } from '../kind.ts'
import { boundText } from './parents.ts'
import type { ForeignTableSpec } from './spec.ts'

type Details = readonly (readonly [label: string, text: string])[]

export const display: Display<ForeignTableSpec> = {
  summary: (spec) => `on server ${spec.server}`,
  details: (spec) => [
    ...(spec.partitionOf ? [['partition of', boundText(spec.partitionOf)] as const] : []),
    ...(spec.inherits?.length ? [['inherits', spec.inherits.map(nameOf).join(' · ')] as const] : []),
    ...(Object.keys(spec.options).length === 0 ? [] : [['options', describeOptions(spec.options)] as const]),
    ...columnDetails(spec),
    ...Object.entries(spec.checks).map(([name, { expression }]) => [`check ${name}`, expression] as const),
    ...commentDetails(spec),
    ...accessDetails(spec),
  ],
}

function columnDetails({ columns, partitionOf, inherits }: ForeignTableSpec): Details {
  const described = Object.entries(columns).map(([name, column]) => describeColumn(name, column))
  if (described.length > 0) return [['columns', described.join(' · ')]]
  // PostgreSQL allows that, as it does for tables, and never asks the source.
  const isAlone = !partitionOf && !inherits?.length
  return isAlone ? [['advice', 'it has no columns: declare them, or let imports read them from the source']] : []
}
