// What `ignore` may name.

import { expect, test } from 'vitest'
import { problemsOf, read, server, table, view } from '../reading.ts'

test.each([
  server('ignore: [comment, owner, grants, options.token, user_mappings.etl.password]\n    user_mappings: { etl: {} }'),
  table('ignore: [options.fetch_size]'),
  view('query: SELECT 1, ignore: [comment]'),
])('is valid: %s', async (text) => {
  await expect(read(text)).resolves.toBeDefined()
})

test.each([
  [server('ignore: [option.token]'), '"option.token" cannot be ignored', 'user_mappings.ROLE.OPTION'],
  [server('ignore: [user_mappings.etl.password]'), '"user_mappings.etl.password" cannot be ignored', 'it has none'],
  [
    server('ignore: [user_mappings.etl.password]\n    user_mappings: { public: {}, app: {} }'),
    '"user_mappings.etl.password" cannot be ignored',
    'The server declares no user mapping with that name; it has public, app.',
  ],
  [server('ignore: [user_mappings.etl]'), '"user_mappings.etl" cannot be ignored', 'user_mappings.ROLE.OPTION'],
  [view('query: SELECT 1, ignore: [options.x]'), '"options.x" cannot be ignored', 'comment, owner, grants.'],
  [table('ignore: [columns]'), '"columns" cannot be ignored', 'options.NAME'],
])('is refused, with what is possible: %s', async (text, message, hint) => {
  const problems = await problemsOf(text)
  expect(problems).toContain(message)
  expect(problems).toContain(hint)
})
