// Reading a manifest from a file or standard input, and the files and variables that it refers to.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FdwsyncError, formatProblem } from '../../../src/core/errors.ts'
import { keyOf } from '../../../src/core/object.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { declaredKinds } from '../../../src/kinds/registry.ts'
import { loadLock, type ManifestRequest, readManifestTexts } from '../../../src/manifest/load.ts'
import type { References } from '../../../src/manifest/manifest.ts'
import { parseManifestFiles } from '../../../src/manifest/parse.ts'
import { unresolvedObjects, withoutUnresolvedServers } from '../../../src/manifest/unresolved.ts'
import { head, mapping, server } from './reading.ts'

let base = ''
let folder = ''
const outside = 'the file is outside of the folders that a manifest may read'
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'fdwsync-load-'))
  folder = join(base, 'manifests')
  mkdirSync(folder)
  mkdirSync(join(base, 'outside'))
  writeFileSync(join(base, 'outside', 'token'), 'hunter3')
  mkdirSync(join(folder, 'secrets'))
  writeFileSync(join(folder, 'secrets', 'shop'), 'hunter2\n')
  writeFileSync(join(folder, 'secrets', 'windows'), 'two\r\nlines\r\n')
  writeFileSync(join(folder, 'secrets', 'newlines'), 'a\n\n')
  writeFileSync(join(folder, 'secrets', 'latin'), Buffer.from([0x68, 0xe9]))
  writeFileSync(join(folder, 'secrets', 'large'), Buffer.alloc(1024 * 1024 + 1, 'a'))
  writeFileSync(join(folder, 'secrets', 'empty'), '\n')
  execFileSync('mkfifo', [join(folder, 'secrets', 'fifo')])
  symlinkSync('../outside/token', join(folder, 'link-to-file'))
  symlinkSync('../outside', join(folder, 'link-to-folder'))
  symlinkSync('/dev/zero', join(folder, 'link-to-device'))
  symlinkSync('secrets/shop', join(folder, 'link-inside'))
})
afterAll(() => rmSync(base, { recursive: true }))

async function loadManifest(request: ManifestRequest) {
  return parseManifestFiles(await readManifestTexts(request))
}

const nothing: ManifestRequest = {
  paths: ['-'],
  variables: {},
  env: {},
  unresolved: false,
  allowedFolders: [],
  readStandardInput: () => Promise.reject(new Error('standard input was read')),
}

function load(text: string, request: Partial<ManifestRequest> = {}) {
  const path = join(folder, 'fdwsync.yaml')
  writeFileSync(path, text)
  return loadManifest({ ...nothing, paths: [path], ...request })
}

async function problemsOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof FdwsyncError)) throw error ?? new Error('the manifest was loaded')
  return error.problems.map(formatProblem).join('\n')
}

describe('references', () => {
  test.each([
    ['secrets/shop', 'hunter2'],
    ['./secrets/windows', 'two\r\nlines'],
    ['secrets/newlines', 'a\n'],
  ])('a file %s is relative to the manifest, and loses its final newline', async (file, value) => {
    const { secrets } = await load(mapping(`password: "\${file:${file}}"`))
    expect(secrets.map((secret) => secret.reveal())).toEqual([value])
  })

  test('a file with an absolute path, below the folder of the manifest', async () => {
    const { manifest } = await load(server(`options: { host: "\${file:${join(folder, 'secrets', 'shop')}}" }`))
    expect(manifest.servers?.s?.options?.host).toBe('hunter2')
  })

  test.each([
    ['nope', 'the file does not exist'],
    ['secrets', 'it is not a regular file'],
    ['secrets/latin', 'the file cannot be read'],
    ['secrets/large', 'the file is larger than 1 MB'],
    ['secrets/fifo', 'it is not a regular file'],
    ['/dev/zero', outside],
    ['/dev/stdin', outside],
    ['/etc/hostname', outside],
    ['/etc/no-such-file', outside],
    ['../outside/token', outside],
    ['secrets/../../outside/token', outside],
    ['link-to-file', outside],
    ['link-to-folder/token', outside],
    ['link-to-device', outside],
    ['/run/secrets/../../etc/hostname', outside],
    ['/var/run/secrets/nope', 'the file does not exist'],
  ])('a file that is not read: %s', async (file, reason) => {
    const reported = await problemsOf(load(mapping(`password: "\${file:${file}}"`)))
    expect(reported).toContain(`fdwsync.yaml:7:19: \${file:${file}}: ${reason}`)
    expect(reported).not.toContain('hunter3')
  })

  test('a link to another file below the folder, as Kubernetes creates them', async () => {
    const { secrets } = await load(mapping(`password: "\${file:link-inside}"`))
    expect(secrets.map((secret) => secret.reveal())).toEqual(['hunter2'])
  })

  test('a file of an allowed folder', async () => {
    const allowedFolders = [join(folder, '..', 'outside'), 'no-such-folder']
    for (const file of ['../outside/token', 'link-to-file', 'link-to-folder/token']) {
      const { secrets } = await load(mapping(`password: "\${file:${file}}"`), { allowedFolders })
      expect(secrets.map((secret) => secret.reveal())).toEqual(['hunter3'])
    }
    expect(await problemsOf(load(mapping('password: "${file:link-to-device}"'), { allowedFolders }))).toContain(outside)
  })

  test('a secret that is set, but empty', async () => {
    const options = ['password: "${env:EMPTY}"', 'api_key: "${file:secrets/empty}"']
    for (const option of options) {
      expect(await problemsOf(load(mapping(option), { env: { EMPTY: '' } }))).toContain('}: set, but empty')
    }
    const { secrets } = await load(mapping('{ user: "${env:EMPTY}", password: "${env:EMPTY:-}" }'), {
      env: { EMPTY: '' },
    })
    expect(secrets.map((secret) => secret.reveal())).toEqual([''])
  })

  test.each([
    '${hunter2}',
    '${hunter2',
    '${EMPTY}${hunter2}',
  ])('a secret that only looks like a reference: %s', async (text) => {
    const problems = await problemsOf(load(mapping(`password: "${text}"`)))
    expect(problems).toContain('unknown reference in a secret')
    expect(problems).not.toMatch(/hunter2|set, but empty/)
  })

  test('variables come from the given environment', async () => {
    const text = server('options: { host: "${env:A}", dbname: "${env:toString:-b}" }')
    const { manifest } = await load(text, { env: { A: 'a' } })
    expect(manifest.servers?.s?.options).toEqual({ host: 'a', dbname: 'b' })
  })

  test('if unresolved, no variable or file is read', async () => {
    const parsed = await load(server('options: { host: "${env:A}", dbname: "${file:nope}" }'), { unresolved: true })
    expect(parsed.manifest.servers?.s?.options).toEqual({ host: '${env:A}', dbname: '${file:nope}' })
    expect(parsed.isUnresolved).toBe(true)
    const problems = problemsOf(load(server('options: { host: "${evn:A}" }'), { unresolved: true }))
    await expect(problems).resolves.toContain('unknown reference ${evn:A}')
  })
})

test('- is standard input', async () => {
  const { manifest, place } = await loadManifest({ ...nothing, readStandardInput: async () => Buffer.from(head) })
  expect(manifest.name).toBe('a')
  expect(place(['name'])).toMatchObject({ file: 'standard input', line: 2, column: 1 })
})

test('a manifest that does not exist', async () => {
  const missing = await problemsOf(loadManifest({ ...nothing, paths: [join(folder, 'nope.yaml')] }))
  expect(missing).toContain('nope.yaml cannot be read: no such file')
  expect(missing).toContain('-f FILE')
})

test('paths that cannot be examined', async () => {
  symlinkSync('circle.yaml', join(folder, 'circle.yaml'))
  symlinkSync('circle.lock.yaml', join(folder, 'circle.lock.yaml'))
  onTestFinished(() => {
    for (const name of ['circle.yaml', 'circle.lock.yaml']) rmSync(join(folder, name))
  })
  const inCircle = 'cannot be read: symbolic links in a circle'
  for (const paths of [[join(folder, 'circle.yaml')], [folder]]) {
    expect(await problemsOf(loadManifest({ ...nothing, paths }))).toContain(`circle.yaml ${inCircle}`)
  }
  expect(await problemsOf(loadLock(join(folder, 'circle.lock.yaml')))).toContain(`circle.lock.yaml ${inCircle}`)
  const below = join(folder, 'secrets', 'shop', 'a.yaml')
  expect(await problemsOf(loadManifest({ ...nothing, paths: [below] }))).toContain('cannot be read: no such folder')
})

test('a manifest that is a link to another folder, of which errors would quote lines', async () => {
  writeFileSync(join(base, 'outside', '.env'), 'TOKEN=hunter3\n')
  for (const [name, target] of [
    ['linked.yaml', '../outside/.env'],
    ['linked.lock.yaml', '/dev/zero'],
  ] as const) {
    symlinkSync(target, join(folder, name))
    const loading = name.includes('lock')
      ? loadLock(join(folder, name))
      : loadManifest({ ...nothing, paths: [join(folder, name)] })
    const reported = await problemsOf(loading)
    expect(reported).toContain(`${name} cannot be read: it is a symbolic link to another folder`)
    expect(reported).not.toContain('hunter3')
  }
})

test('a manifest without an end is too large', async () => {
  expect(await problemsOf(loadManifest({ ...nothing, paths: ['/dev/zero'] }))).toContain('larger than 10 MB')
})

test('references that a command does not need may be missing', async () => {
  const text = `${server('options: { host: "${env:HOST}" }\n    user_mappings: { etl: { user: u, password: "${env:NOPE}" } }')}`
  const bytes = Buffer.from(text)
  const references: References = {
    env: (name) => (name === 'HOST' ? 'db' : undefined),
    file: () => ({ reason: '', hint: '' }),
  }
  const parsed = await parseManifestFiles(
    { files: [{ file: 'm.yaml', bytes, references }], variables: {} },
    ([key]) => key === 'name',
  )
  expect(parsed.manifest.servers?.s).toMatchObject({ options: { host: 'db' }, user_mappings: { etl: { user: 'u' } } })
  expect(parsed.unresolved).toMatchObject([
    {
      path: ['servers', 's', 'user_mappings', 'etl', 'password'],
      problem: { message: '${env:NOPE}: the variable is not set' },
    },
  ])
  expect(withoutUnresolvedServers(parsed).servers).toEqual({ s: { options: { host: 'db' }, user_mappings: {} } })
  const declared = declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, createRunDigests()))
  expect([...unresolvedObjects(declared, parsed).keys()]).toEqual([
    keyOf({ kind: 'userMapping', server: 's', role: 'etl' }),
  ])
})
