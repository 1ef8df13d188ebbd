// The options that are suggested for a table that cannot be imported.

import { expect, test } from 'vitest'
import { DatabaseError } from '../../../../src/db/database-error.ts'
import { importFailure } from '../../../../src/sources/imports/import-failure.ts'

const collation = ['42704', 'collation "public.german" for encoding "UTF8" does not exist'] as const
const noType = ['42704', 'type "public.mood" does not exist'] as const
const without = (what: string, options: string) =>
  `Create what it needs here, or import without ${what}: options: { ${options} }.`

test.each<[string, readonly [string, string], Record<string, string>, string]>([
  ['a collation', collation, {}, without('collations', 'import_collate: "false"')],
  ['a collation that is not imported', collation, { import_collate: 'false' }, ''],
  ['a type', noType, {}, ''],
])('%s', (_, [code, message], options, hint) => {
  expect(importFailure(new DatabaseError({ code, message }, []), { options, mirrored: undefined })).toEqual({
    reason: message,
    hint,
  })
})
