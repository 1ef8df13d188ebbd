// The proof that a manifest had nothing to do: when there is one, and which part of the manifest it keeps.

import { expect, test } from 'vitest'
import { keyOf } from '../../../../src/core/object.ts'
import type { Hazard, Plan } from '../../../../src/core/plan.ts'
import { createRunDigests } from '../../../../src/introspector/digests.ts'
import { declaredKinds } from '../../../../src/kinds/registry.ts'
import { parseManifest } from '../../../../src/manifest/parse.ts'
import { createProof, createProofOfCreation, isProvable, namesOf } from '../../../../src/planner/proof/proof.ts'

const text = `version: 1
name: shop
servers: { shop: { options: { host: db } } }
schemas:
  proxy: { foreign_tables: { orders: { server: shop, columns: { id: bigint } } } }
`
const importing = text.replace('proxy: {', 'proxy: { imports: [{ server: shop, remote_schema: public }],')

const empty: Plan = {
  manifest: 'shop',
  searchPath: ['public'],
  database: { name: 'd', serverVersion: '18', user: 'u' },
  fingerprint: '',
  changes: [],
  steps: [],
  refusals: [],
  undetermined: [],
  warnings: [],
  unchanged: 3,
}

const read = (written: string) =>
  parseManifest('shop.yaml', Buffer.from(written), {
    env: (name) => name,
    file: () => ({ reason: 'there are no files', hint: '' }),
  })

interface States {
  readonly catalog?: string | undefined
  readonly sources?: string
}

async function proofOf(written: string, plan = empty, { catalog, sources }: States = { catalog: 'catalog' }) {
  const parsed = await read(written)
  const declared = declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, createRunDigests()))
  const proven = catalog === undefined ? undefined : { catalogState: catalog, names: ['bigint'] }
  return createProof(parsed, declared, plan, proven, sources)
}

test('a proof keeps what the digest of the catalog does not cover', async () => {
  expect(await proofOf(text)).toEqual({
    manifest: 'shop',
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    head: {
      version: 1,
      name: 'shop',
      servers: { shop: { options: { host: 'db' } } },
      schemas: { proxy: { foreign_tables: {} } },
    },
    objectCount: 3,
    declarations: {
      '["schema","proxy"]': null,
      '["server","shop"]': null,
      '["foreignTable","proxy","orders"]': expect.stringMatching(/^[\w-]{22}$/),
    },
    catalogState: 'catalog',
    names: ['bigint'],
    warnings: [],
    sourceState: null,
  })
})

test('references in that part stay references', async () => {
  const proof = await proofOf(text.replace('host: db', 'host: "${env:HOST}"'))
  expect(proof).toMatchObject({ head: { servers: { shop: { options: { host: '${env:HOST}' } } } } })
})

test('a warning is part of the proof, unless every plan finds it again', async () => {
  const hidden = { code: 'object/hidden-options', message: 'hidden' } as const
  const skipped = { code: 'source/not-importable', message: 'skipped' } as const
  expect(await proofOf(text, { ...empty, warnings: [hidden, skipped] })).toMatchObject({ warnings: [skipped] })
})

test('the names of a proof are all words of the SQL, and operators that syntax implies', async () => {
  const check = `checks: { positive: 'f(Id) @> s."G"' }, columns`
  const parsed = await read(text.replace('columns', check))
  const declared = declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, createRunDigests()))
  expect(namesOf(declared)).toEqual(expect.arrayContaining(['bigint', 'f', 'id', '@>', '@', 's', 'G', '=', '~~']))
})

test.each([
  ['the state of the catalog is not known', () => proofOf(text, empty, {})],
  ['a covered object contains a reference', () => proofOf(text.replace('bigint', '"${env:TYPE}"'))],
  ['it imports, and not all sources have answered', () => proofOf(importing)],
])('there is none if %s', async (_title, proof) => {
  expect(await proof()).toBeUndefined()
})

test('one that imports is proven together with its sources', async () => {
  expect(await proofOf(importing, empty, { catalog: 'catalog', sources: 'sources' })).toMatchObject({
    sourceState: 'sources',
  })
})

test('nothing can be proven of a text with a secret in it, or of one with a lock for its imports', async () => {
  const secret = text.replace('host: db }', 'host: db }, user_mappings: { app: { user: u, password: secret } }')
  expect(isProvable(await read(secret))).toBe(false)
  const parsed = await read(importing)
  expect(isProvable(parsed)).toBe(true)
  expect(isProvable({ ...parsed, lock: parsed })).toBe(false)
  expect(isProvable({ ...parsed, isUnresolved: true })).toBe(false)
})

/** Of a plan that creates everything, each with these hazards. */
async function proofOfCreation(written: string, hazards: readonly Hazard[], sources: string | undefined) {
  const parsed = await read(written)
  const declared = declaredKinds.flatMap((kind) => kind.declare(parsed.manifest, createRunDigests()))
  const changes = declared.map(({ id, spec }) => {
    const to = { id, spec, needs: [], declared: spec, written: spec }
    const change = { op: 'create', key: keyOf(id), to } as const
    const shown = {
      title: keyOf(id),
      summary: '',
      details: [],
      beside: false,
      cause: undefined,
      because: [],
      takenFrom: [],
    }
    return { change, hazards, ...shown }
  })
  return createProofOfCreation(parsed, declared, { ...empty, changes, unchanged: 0 }, sources)
}

const loads: Hazard = { name: 'reads-source', detail: 'its data is loaded' }

test.each([
  ['creates', text, [], undefined, true],
  ['creates and loads', text, [loads], undefined, true],
  ['does what later plans warn of', text, [{ name: 'untrusted-code', detail: 'f()' }], undefined, false],
  ['imports, and the sources will still answer so', importing, [loads], 'sources', true],
  ['imports, and the sources may answer otherwise once types exist', importing, [], undefined, false],
] as const)('a plan that %s: what it creates is its proof, or not', async (_title, written, hazards, sources, isProof) => {
  const proof = await proofOfCreation(written, hazards, sources)
  expect(proof !== undefined).toBe(isProof)
  if (proof) expect(proof.sourceState).toBe(sources ?? null)
})
