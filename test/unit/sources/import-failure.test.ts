// The options that are suggested for a table that cannot be imported.

import { expect, test } from 'vitest'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { importFailure } from '../../../src/sources/import-failure.ts'

const collation = ['42704', 'collation "public.german" for encoding "UTF8" does not exist'] as const
const noFunction = ['42883', 'function public.tax(integer) does not exist'] as const
const noSequence = ['42P01', 'relation "public.orders_id_seq" does not exist'] as const
const noType = ['42704', 'type "public.mood" does not exist'] as const
const without = (what: string, options: string) =>
  `Create what it needs here, or import without ${what}: options: { ${options} }.`

test.each<[string, readonly [string, string], Record<string, string>, string]>([
  ['a collation', collation, {}, without('collations', 'import_collate: "false"')],
  ['a collation that is not imported', collation, { import_collate: 'false' }, ''],
  ['a function', noFunction, {}, without('generation expressions', 'import_generated: "false"')],
  [
    'a function, where defaults are imported too',
    noFunction,
    { import_default: 'true' },
    without('defaults or generation expressions', 'import_default: "false", import_generated: "false"'),
  ],
  [
    'the sequence of a default',
    noSequence,
    { import_default: 'on', import_generated: 'false' },
    without('defaults', 'import_default: "false"'),
  ],
  ['a type', noType, {}, ''],
])('%s', (_, [code, message], options, hint) => {
  expect(importFailure(new DatabaseError({ code, message }, []), { options })).toEqual({ reason: message, hint })
})
