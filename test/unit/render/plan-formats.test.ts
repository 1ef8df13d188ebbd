// A plan in each format: what a reader must know comes first, and a plan of any size stays readable.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import { keyOf, type ObjectId } from '../../../src/core/object.ts'
import type { PlainStep, Plan, ReplaceStep } from '../../../src/core/plan.ts'
import { Secret } from '../../../src/core/secret.ts'
import { sql, statement, statementOf, trusted } from '../../../src/core/sql.ts'
import { planFormats } from '../../../src/render/formats.ts'
import { githubFormat } from '../../../src/render/github/format.ts'
import { markdownFormat } from '../../../src/render/markdown/format.ts'
import { sqlFormat } from '../../../src/render/sql/format.ts'
import { printableSql } from '../../../src/render/sql/printable-sql.ts'
import { widthOf } from '../../../src/render/text/layout.ts'
import { alter, create, drop, field, planWith } from './samples.ts'

const options = { style: new Chalk({ level: 0 }), columns: 80 }
const server: ObjectId = { kind: 'server', name: 'shop' }
const mapping: ObjectId = { kind: 'userMapping', server: 'shop', role: null }
const table = (name: string): ObjectId => ({ kind: 'foreignTable', schema: 'proxy', name })
const view = (name: string): ObjectId => ({ kind: 'materializedView', schema: 'shop', name })
const place = { file: 'a,b:c.yaml', line: 7, column: 3, excerpt: 'x' }
const dropsData = { name: 'drops-data', detail: 'its data is dropped' } as const

const step = (id: ObjectId, more: Partial<PlainStep> = {}): PlainStep => ({
  id: keyOf(id),
  stage: 'define',
  action: 'create',
  key: keyOf(id),
  title: `${id.kind} ${'name' in id ? id.name : ''}`,
  after: [],
  locks: [],
  hazards: [],
  statements: [],
  ...more,
})

const plan = planWith({
  changes: [alter(server, [field('option host', 'a', 'b')]), drop(view('old'), { hazards: [dropsData], place })],
  refusals: [
    {
      code: 'object/protected',
      key: keyOf(server),
      title: 'server shop',
      reason: 'it is protected',
      hint: 'Set it.',
      place,
    },
  ],
  undetermined: [
    {
      code: 'object/locked',
      key: keyOf(table('t')),
      title: 'foreign table proxy.t',
      reason: 'it is locked',
      hint: '',
      follows: false,
    },
  ],
  warnings: [{ code: 'source/type', message: '100% of\nit', place }],
})

test('markdown: summary, then what needs a decision, then the folded changes', () => {
  expect(markdownFormat.plan(plan, options)).toMatchInlineSnapshot(`
    "### fdwsync plan: \`shop-mirror\` → \`analytics\`

    **1 to alter, 1 to drop · 1 object undetermined · This plan cannot be applied; see the refusals.**

    > [!CAUTION]
    > **This plan cannot be applied**
    > - \`server shop: it is protected\`<br>\`Set it.\`

    > [!WARNING]
    > **Hazards**
    > - \`materialized view shop.old: its data is dropped\`<br>\`needs --allow drops-data\`

    > [!IMPORTANT]
    > **Undetermined: there may be more changes**
    > - \`foreign table proxy.t: it is locked\`

    > [!NOTE]
    > **Warnings**
    > - \`100% of\\nit\`

    <details><summary>2 changes</summary>

    \`\`\`text
      ~ server shop
          option host   a → b
      - materialized view shop.old                no longer declared
          ! its data is dropped: needs --allow drops-data
    \`\`\`

    </details>
    "
  `)
})

test('github: an annotation for each notice, at its place', () => {
  expect(githubFormat.plan(plan, options).trimEnd().split('\n')).toEqual([
    '::error file=a%2Cb%3Ac.yaml,line=7,col=3,title=fdwsync refused::server shop: it is protected%0ASet it.',
    '::warning file=a%2Cb%3Ac.yaml,line=7,col=3,title=fdwsync hazard::materialized view shop.old: its data is dropped%0Aneeds --allow drops-data',
    '::warning title=fdwsync undetermined::foreign table proxy.t: it is locked',
    '::warning file=a%2Cb%3Ac.yaml,line=7,col=3,title=fdwsync warning::100%25 of\\nit',
    expect.stringContaining('::notice title=fdwsync plan::1 to alter, 1 to drop'),
  ])
  const failed = githubFormat.failure?.({
    exitCode: 1,
    problems: [{ code: 'yaml/syntax', message: 'm', place, hint: 'h' }],
  })
  expect(failed).toBe('::error file=a%2Cb%3Ac.yaml,line=7,col=3,title=fdwsync yaml/syntax::m%0Ah\n')
})

describe('sql', () => {
  const secret = new Secret('hunter2hunter2')
  const create = statementOf([
    sql`CREATE USER MAPPING FOR public SERVER shop OPTIONS (user '50%', password `,
    secret,
    sql`)`,
  ])
  const steps = [
    step(mapping, { statements: [create] }),
    step(view('v'), {
      stage: 'populate',
      action: 'populate',
      statements: [statement(sql`REFRESH MATERIALIZED VIEW shop.v`)],
    }),
  ]
  test('has the transactions of an apply, and variables for secrets', () => {
    const script = sqlFormat.plan(planWith({ steps }), options)
    expect(script).not.toContain('hunter2')
    expect(script.match(/^(?:BEGIN|COMMIT);$/gm)).toEqual(['BEGIN;', 'COMMIT;', 'BEGIN;', 'COMMIT;'])
    expect(script).toContain("OPTIONS (user '50%', password :'shop_public_password');")
    expect(script).toContain('\\if :{?shop_public_password}')
  })
  test('is refused for what only an apply can do', () => {
    const replace = { ...step(view('v')), action: 'replace', members: [] } as unknown as ReplaceStep
    expect(() => sqlFormat.plan(planWith({ steps: [replace] }), options)).toThrow(
      'materializedView v: what depends on it in the database is not known here',
    )
    expect(() => sqlFormat.plan(plan, options)).toThrow('server shop: it is protected')
    const hostile = planWith({ steps: [step(server, { statements: [statement(trusted('SELECT \u202e1'))] })] })
    expect(() => sqlFormat.plan(hostile, options)).toThrow('characters that a script cannot show')
  })
  test('has a text that looks like a reference, which in a saved plan may be one', () => {
    const comment = trusted("COMMENT ON SERVER shop IS '${env:HOST}'")
    const saved = planWith({ steps: [step(server, { statements: [statement(comment)] })] })
    expect(() => sqlFormat.plan(saved, options)).toThrow('it has an unresolved reference')
    const script = { check: undefined, marks: undefined, parts: new Map() }
    expect(sqlFormat.plan({ ...saved, script }, options)).toContain("IS '${env:HOST}';")
  })
  test.each([
    ["SELECT 'a'\n\tFROM t", "SELECT 'a'\n FROM t"],
    ["SELECT 'a\tb\\'''", "SELECT E'a\\tb\\\\'''"],
    ["SELECT E'a\tb\\''", "SELECT E'a\\tb\\''"],
    ['SELECT 1 AS "a\tb\\"', 'SELECT 1 AS U&"a\\0009b\\\\"'],
    ["SELECT $x$it's\t$x$", "SELECT E'it''s\\t'"],
    ["SELECT 1 -- a\tb\n, date'2026-01-01'", "SELECT 1 -- a\\tb\n, date'2026-01-01'"],
    ["SELECT '\n::error::x'", "SELECT E'\n\\u003a:error::x'"],
  ])('%j means the same as %j', (written, printed) => expect(printableSql(written)).toBe(printed))
})

describe('1,000 changes', () => {
  const names = Array.from({ length: 1000 }, (_, at) => `table_${at}_${'x'.repeat(40)}`)
  const large: Plan = planWith({
    // Each differs from the others, so that none is folded.
    changes: names.map((name, at) =>
      alter(table(name), [field(`option n${at}`, `${at}`, `${at + 1}`)], {
        hazards: [{ name: 'drops-data', detail: `its data ${at} is dropped` }],
      }),
    ),
    warnings: names.map((name) => ({ code: 'source/type', message: `${name}: ${name} is odd` })),
    steps: names.map((name) =>
      step(table(name), { statements: [statement(trusted(`ALTER FOREIGN TABLE ${name} OPTIONS (SET a 'b')`))] }),
    ),
  })
  const expected: Readonly<Record<keyof typeof planFormats, (output: string) => void>> = {
    text: (output) => {
      expect(output.split('\n').filter((line) => widthOf(line) > options.columns)).toEqual([])
      expect(output).toContain('1,000 to alter')
    },
    json: (output) => expect(JSON.parse(output).changes).toHaveLength(1000),
    markdown: (output) => {
      expect(output.length).toBeLessThan(60_001)
      expect(output).toContain('1,000 to alter')
      expect(output).toMatch(/more entries/)
      expect(output).toMatch(/\d+ more changes left out/)
    },
    sql: (output) => expect(output.match(/^ALTER FOREIGN TABLE /gm)).toHaveLength(1000),
    github: (output) => {
      const lines = output.trimEnd().split('\n')
      expect(lines.filter((line) => line.startsWith('::warning'))).toHaveLength(2001)
      expect(lines[9]).toBe(
        '::warning title=fdwsync more::1,991 more, which GitHub does not show here: the log of this step has all',
      )
      expect(lines.at(-1)).toMatch(/^::notice title=fdwsync plan::1,000 to alter/)
    },
  }
  test.each(Object.entries(expected))('%s', async (name, check) => {
    const format = await planFormats[name as keyof typeof planFormats]()
    check(format.plan(large, options))
  })
  test('markdown lists all of them if they are alike', () => {
    const changes = names.map((name) => create(table(name), { summary: 'on server shop' }))
    const output = markdownFormat.plan(planWith({ changes }), options)
    expect(output).toContain('+ 1,000 foreign tables in proxy')
    expect(output).not.toContain('left out')
  })
})
