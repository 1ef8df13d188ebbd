// What a plan shows of a new foreign table.

import { accessDetails } from '../facets/access.ts'
import { describeColumn } from '../facets/columns/columns.ts'
import { commentDetails } from '../facets/comment.ts'
import { nameOf } from '../facets/names.ts'
import { describeOptions } from '../facets/options.ts'
import type { Display } from '../kind.ts'
import { boundText } from './parents.ts'
import type { ForeignTableSpec } from './spec.ts'

export const display: Display<ForeignTableSpec> = {
  summary: (spec) => `on server ${spec.server}`,
  details: (spec) => [
    ...(spec.partitionOf ? [['partition of', boundText(spec.partitionOf)] as const] : []),
    ...(spec.inherits?.length ? [['inherits', spec.inherits.map(nameOf).join(' · ')] as const] : []),
    ...(Object.keys(spec.options).length === 0 ? [] : [['options', describeOptions(spec.options)] as const]),
    ...columnDetails(spec.columns),
    ...Object.entries(spec.checks).map(([name, { expression }]) => [`check ${name}`, expression] as const),
    ...commentDetails(spec),
    ...accessDetails(spec),
  ],
}

function columnDetails(columns: ForeignTableSpec['columns']): readonly (readonly [label: string, text: string])[] {
  const described = Object.entries(columns).map(([name, column]) => describeColumn(name, column))
  return described.length === 0 ? [] : [['columns', described.join(' · ')]]
}
