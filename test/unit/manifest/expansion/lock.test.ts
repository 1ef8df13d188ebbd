// The lock: its round trip, and how it must match its manifest.

import { describe, expect, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../../src/core/errors.ts'
import { lockText } from '../../../../src/exporter/lock-text.ts'
import { checkFragments } from '../../../../src/manifest/checks/sql-fragments.ts'
import { resolutionsIn } from '../../../../src/manifest/expansion/lock.ts'
import { lockedResolutions } from '../../../../src/manifest/expansion/match-lock.ts'
import { lockPathOf } from '../../../../src/manifest/load.ts'
import type { References } from '../../../../src/manifest/manifest.ts'
import { parseManifest } from '../../../../src/manifest/parse.ts'

const manifest = `version: 1
name: shop
schemas:
  proxy:
    imports:
      - server: s
        remote_schema: public
        limit_to: [a, b]
        tables: { a: { comment: all of a } }
mirrors:
  m:
    server: s
    remote_schema: audit
    proxy_schema: proxy
    schema: local
    indexes: { copy: true }
    tables: { old: { exclude: true } }
`

const lock = `version: 1
name: shop
schemas:
  proxy:
    imports:
      - server: s
        remote_schema: public
        limit_to: [b, a]
    foreign_tables:
      a:
        server: s
        options: { schema_name: public, table_name: a }
        columns:
          id: integer
      b: { server: s, options: { schema_name: public, table_name: b } }
      c: { server: s, options: { schema_name: audit, table_name: c } }
mirrors:
  m:
    server: s
    remote_schema: audit
    proxy_schema: proxy
    schema: local
    indexes: { copy: true }
    tables:
      c: { indexes: { c_pkey: { unique: true, columns: [id] } } }
      old: { exclude: true }
`

const nothing: References = { env: () => undefined, file: () => ({ reason: 'there are no files', hint: '' }) }

async function read(lockText = lock, manifestText = manifest) {
  const parsed = await parseManifest('shop.yaml', Buffer.from(manifestText), nothing)
  const parsedLock = await parseManifest('shop.lock.yaml', Buffer.from(lockText), nothing)
  await checkFragments(parsedLock)
  return lockedResolutions({ ...parsed, lock: parsedLock })
}

async function problemsOf(lockText: string, manifestText = manifest): Promise<readonly string[]> {
  const error: unknown = await read(lockText, manifestText).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FdwsyncError)) throw error ?? new Error('the lock was accepted')
  return error.problems.map((problem) => formatProblem(problem).split('\n')[0] ?? '')
}

test('each import gets its own tables, whatever the order in the lock', async () => {
  const found = await read()
  expect(found.map(({ request, tables, indexes }) => [request.path, [...tables.keys()], [...indexes.keys()]])).toEqual([
    [['schemas', 'proxy', 'imports', 0], ['a', 'b'], []],
    [['mirrors', 'm'], ['c'], ['c']],
  ])
  // Overrides come from the manifest, not from the lock.
  expect(found[0]?.request.tables).toEqual({ a: { comment: 'all of a' } })
})

test('a lock has the same content and text after a round trip', async () => {
  const written = lockText((await parseManifest('shop.yaml', Buffer.from(manifest), nothing)).manifest, await read())
  const again = await parseManifest('shop.lock.yaml', Buffer.from(written), nothing)
  expect(lockText(again.manifest, resolutionsIn(again))).toBe(written)
  expect(await read(written)).toEqual(await read())
})

test('the path of the lock', () => {
  expect(lockPathOf(['base.yaml', 'production.yaml'])).toBe('production.lock.yaml')
  expect(lockPathOf(['base.yaml', '-'])).toBeUndefined()
  expect(['fdwsync.yaml', 'a/b.yml', 'shop', 'x.yaml.bak'].map((path) => lockPathOf([path]))).toEqual([
    'fdwsync.lock.yaml',
    'a/b.lock.yaml',
    'shop.lock.yaml',
    'x.yaml.bak.lock.yaml',
  ])
})

describe('an outdated lock', () => {
  test.each([
    ['another limit_to', manifest.replace('[a, b]', '[a]'), 'was created for another limit_to'],
    ['an option', manifest.replace('[a, b]', '[a, b]\n        options: { x: y }'), 'was created for other options'],
    ['an exclusion', manifest.replace('old:', 'older:'), 'was created for another except'],
    ['indexes', manifest.replace('copy: true', 'copy: false'), 'was created for another indexes.copy'],
    [
      'an import',
      `${manifest}  n: { server: s, remote_schema: x, proxy_schema: p, schema: q }\n`,
      'does not contain it',
    ],
  ])('%s', async (_, text, why) => {
    const [only, ...others] = await problemsOf(lock, text)
    expect(others).toEqual([])
    expect(only).toMatch(/^shop\.yaml:\d+:\d+: import of schema "\w+" of server s into schema \w+: the lock shop\.lock/)
    expect(only).toContain(why)
  })

  test('misses the indexes of a view that had a query of its own', async () => {
    const unpinned = lock.replace(/^ {6}c: \{ indexes.*\n/m, '')
    expect(await problemsOf(unpinned)).toEqual([
      'shop.yaml:17:5: the lock shop.lock.yaml does not contain the indexes of table "c"',
    ])
    await read(unpinned, manifest.replace('tables: { old', 'tables: { c: { query: SELECT 1 AS one }, old'))
  })

  test('has an import that was removed, or another name', async () => {
    const without = manifest.slice(0, manifest.indexOf('mirrors:'))
    expect(await problemsOf(lock, without)).toEqual([
      'shop.lock.yaml:18:3: import of schema "audit" of server s into schema proxy: the manifest no longer contains it',
    ])
    expect(await problemsOf(lock, manifest.replace('name: shop', 'name: other'))).toEqual([
      'shop.lock.yaml:2:1: this lock belongs to manifest "shop", not to "other"',
    ])
  })
})

describe('an edited lock', () => {
  const edited = (from: string, to: string) => problemsOf(lock.replace(from, to))
  test.each([
    ['id: integer', 'id: integer)', 14, /type/],
    ['id: integer', 'id: { typ: integer }', 14, /missing key "type"/],
    ['columns: [id]', 'columns: []', 25, /must not be empty/],
    ['schema: local', 'schema: local\n    schema: local', 23, /duplicate key/],
    ['name: shop', 'name: shop\nservers: { s: {} }', 3, /key "servers" is not allowed here in a lock/],
    [
      'limit_to: [b, a]',
      'limit_to: [b, a]\n        tables: { a: {} }',
      9,
      /key "tables" is not allowed here in a lock/,
    ],
    ['table_name: b', 'table_name: "${env:B}"', 15, /the variable is not set/],
    ['schema_name: audit', 'schema_name: other', 16, /no import in the lock contains table "c"/],
    ['      b: {', '      d: {', 15, /no import in the lock contains table "d"/],
    ['    foreign_tables:', '    foreign_tables:\n<<<<<<< HEAD', 10, /./],
  ])('%s → %s', async (from, to, line, message) => {
    const all = await edited(from, to)
    const found = all.find((text) => text.startsWith(`shop.lock.yaml:${line}:`))
    expect(found, all.join('\n')).toMatch(message)
  })
})

describe('a mirror of tables', () => {
  const asTables = manifest.replace('    indexes:', '    as: tables\n    indexes:')
  const withKey = lock
    .replace('    indexes:', '    as: tables\n    indexes:')
    .replace('c: { indexes:', 'c: { primary_key: { name: the key, columns: [id], include: [x] }, indexes:')

  test('has the primary keys of its source in the lock', async () => {
    const [, found] = await read(withKey, asTables)
    if (!found) throw new Error('the mirror is not in the lock')
    expect([...found.primaryKeys]).toEqual([['c', { name: 'the key', columns: ['id'], include: ['x'] }]])
    const parsed = await parseManifest('shop.yaml', Buffer.from(asTables), nothing)
    const text = lockText(parsed.manifest, await read(withKey, asTables))
    expect((await read(text, asTables))[1]).toEqual(found)
  })

  test('needs a lock with keys', async () => {
    expect(await problemsOf(lock, asTables)).toEqual([expect.stringContaining('another as')])
  })
})
