// A plan runs no user-defined code. PostgreSQL evaluates parts of what it otherwise only stores; the first test documents which,
// so that a version that evaluates more is noticed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, createDatabase, runSql, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'
import { missedOf } from '../../support/outcomes.ts'
import { countRuns, detectors } from './detectors.ts'

const unmanaged = `
  CREATE EXTENSION postgres_fdw SCHEMA public;
  CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw;
  CREATE FOREIGN DATA WRAPPER validated VALIDATOR app.validate;
  CREATE SERVER validated FOREIGN DATA WRAPPER validated;
  CREATE SCHEMA lab;
  CREATE TABLE app.t (a int, v text, m app.mood, words app.checked[], pair app.pair, word app.checked);
  CREATE TABLE app.rows (a int, word app.checked);
  CREATE MATERIALIZED VIEW app.view AS SELECT a, v, m FROM app.t WITH NO DATA;
  CREATE TABLE app.by_text (k text) PARTITION BY LIST (k);
  CREATE TABLE app.by_number (k int) PARTITION BY RANGE (k);
  CREATE TABLE app.by_checked (k app.checked) PARTITION BY LIST (k);
  CREATE TABLE app.by_counted (k app.counted) PARTITION BY LIST (k);
  CREATE TABLE app.by_mood (k app.mood) PARTITION BY LIST (k);
  CREATE TABLE app.by_class (k int) PARTITION BY RANGE (k app.int_ops);
  CREATE TABLE app.by_function (k text) PARTITION BY LIST ((app.f(k)));
  CREATE TABLE app.by_constant (k text) PARTITION BY LIST ((k || app.f('x')));
  CREATE TABLE app.by_cast (k text) PARTITION BY LIST ((k::app.checked));
  CREATE TABLE app.by_hash (k text) PARTITION BY HASH (k);
  CREATE TABLE app.with_generated (k text, g text GENERATED ALWAYS AS (k || app.f('x')) STORED) PARTITION BY LIST (k);
  CREATE TABLE app.parent (k text, g text GENERATED ALWAYS AS (k || app.f('x')) STORED)`

/** Expressions over the columns a, v, m that PostgreSQL partly computes. */
const simplified: Readonly<Record<string, string>> = {
  constant: "app.f('x')",
  'no argument': 'app.nullary()',
  variadic: "app.many('a', 'b')",
  'inlined body': 'app.inlined(v)',
  'inlined body of a volatile function': 'app.inlined_volatile(v)',
  'parsed body': 'app.parsed(v)',
  'default of a parameter': 'app.with_default(v)',
  coalesce: "app.f(coalesce('x', v))",
  'case of a constant': "app.f(CASE WHEN true THEN 'x' ELSE v END)",
  'case of nothing': "app.f(CASE v WHEN NULL THEN v ELSE 'x' END)",
  'strict function of null': 'app.f(v || NULL)',
  operator: "'a' OPERATOR(app.@#@) 'b'",
  'cast of a number': "(1::app.mood = 'ok')::text",
  'cast to text': "('ok'::app.mood)::text",
  'in list': "(v IN ('a', app.f('b')))::text",
  greatest: "greatest(app.f('a'), v)",
  nullif: "nullif(app.f('a'), v)",
  or: "(v IS NULL OR app.is_fine('x'))::text",
  nested: "lower(app.f('x') || v)",
  'literal of a range': "lower('[1,5]'::app.span)::text",
  'literal of a composite': "('(x,1)'::app.pair).number::text",
}

/** Literals that PostgreSQL reads wherever they are. */
const literals: Readonly<Record<string, string>> = {
  array: "'{x}'::app.checked[]",
  composite: "'(x,1)'::app.pair",
  nested: `'("(x,1)")'::app.nested`,
  'domain over an array': "'{x}'::app.checked_array",
  'domain over a composite': "'(x,1)'::app.checked_pair",
  range: "'[a,b]'::app.words",
  'range with its own comparison': "'[1,5]'::app.span",
  'array of a built-in volatile check': "'{x}'::app.counted[]",
  'row cast': `ROW('(x,1)')::app.nested`,
}

/** Queries whose literals get such a type without a cast. */
const queries: Readonly<Record<string, string>> = {
  comparison: "SELECT a FROM app.t WHERE words = '{x}'",
  coalesce: "SELECT coalesce(words, '{x}') AS w FROM app.t",
  case: "SELECT CASE WHEN a = 1 THEN words ELSE '{x}' END AS w FROM app.t",
  union: "SELECT words FROM app.t UNION SELECT '{x}'",
  'union of stars': "SELECT * FROM (SELECT words FROM app.t) x UNION SELECT '{x}'",
  row: "SELECT a FROM app.t WHERE (a, words) = (1, '{x}')",
  values: "SELECT * FROM (VALUES (NULL::app.checked[]), ('{x}')) x",
  'built array': "SELECT a FROM app.t WHERE ARRAY[word] = '{x}'",
  'aggregated array': "SELECT array_agg(word) = '{x}' AS e FROM app.t",
  'renamed column': "SELECT q.two FROM (SELECT a, words FROM app.t) AS q(one, two) WHERE q.two = '{x}'",
  'column list of a common table expression':
    "WITH q(one) AS (SELECT words FROM app.t) SELECT one FROM q WHERE one = '{x}'",
  'whole row': "SELECT coalesce(r, '(1,x)') AS r FROM app.rows r",
  'xml table': "SELECT x.* FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS z app.checked[] PATH 'z' DEFAULT '{x}') x",
}

/** Statements that create something in a database that has the detectors. `f` is a new foreign table. */
const evaluated: Readonly<Record<string, string>> = {
  ...named('index', simplified, (text) => `CREATE INDEX ON app.view ((${text}))`),
  ...named('predicate', simplified, (text) => `CREATE INDEX ON app.view (a) WHERE ((${text})::text) <> 'q'`),
  ...named('generated', simplified, (text) => foreignTable(`g text GENERATED ALWAYS AS (${text}) STORED`)),
  ...named(
    'partition key',
    { nested: 'lower(v || app.f($$x$$))' },
    (text) => `CREATE TABLE lab.f (v text) PARTITION BY LIST ((${text}))`,
  ),
  ...named(
    'check at ATTACH',
    simplified,
    (
      text,
    ) => `CREATE TABLE lab.p (a int, v text, m app.mood) PARTITION BY LIST (a); ${foreignTable(`CHECK ((${text}) <> 'q')`)};
               ALTER TABLE lab.p ATTACH PARTITION lab.f FOR VALUES IN (1)`,
  ),
  ...named('view', literals, (text) => `CREATE VIEW lab.f AS SELECT ${text} AS x`),
  ...named(
    'materialized view',
    literals,
    (text) => `CREATE MATERIALIZED VIEW lab.f AS SELECT ${text} AS x WITH NO DATA`,
  ),
  ...named('default', literals, (text) => foreignTable(`x text DEFAULT ((${text})::text)`)),
  ...named('check', literals, (text) => foreignTable(`CHECK ((${text}) IS NOT NULL)`)),
  ...named('default of a domain', literals, (text) => `CREATE DOMAIN lab.f AS text DEFAULT ((${text})::text)`),
  ...named('statistics', literals, (text) => `CREATE STATISTICS lab.f ON ((${text}) IS NULL), v FROM app.t`),
  ...named('query', queries, (text) => `CREATE VIEW lab.f AS ${text}`),
  'default of its type': foreignTable("x app.checked[] DEFAULT '{x}'"),
  'bound of a volatile call': partition('by_text', "IN (app.volatile('x'))"),
  'bound of a domain': partition('by_checked', "IN ('x')"),
  'bound with a cast': partition('by_mood', 'IN (1)'),
  'bound at ATTACH': `CREATE FOREIGN TABLE lab.f (k app.checked) SERVER nowhere; ALTER TABLE app.by_checked ATTACH PARTITION lab.f FOR VALUES IN ('x')`,
  'bound of a key with a constant': partition('by_constant', "IN ('x')"),
  'bound of a key with a domain': partition('by_cast', "IN ('x')"),
  'bound of an operator class': `${partition('by_class', 'FROM (1) TO (2)')}`,
  'equal image of an operator class': 'CREATE INDEX ON app.view (a app.image_ops)',
  'check of a domain over rows':
    'CREATE DOMAIN lab.d AS text; CREATE TABLE lab.f (a lab.d); INSERT INTO lab.f VALUES ($$x$$); ALTER DOMAIN lab.d ADD CHECK (app.is_fine(VALUE))',
  'validator of a wrapper': 'CREATE FOREIGN DATA WRAPPER lab_w VALIDATOR app.validate',
  'validator of a server': 'CREATE SERVER lab_s FOREIGN DATA WRAPPER validated',
  'validator of a mapping': 'CREATE USER MAPPING FOR CURRENT_USER SERVER validated',
  'validator of a foreign table': 'CREATE FOREIGN TABLE lab.f (a int) SERVER validated',
}

const columns = { a: 'int', v: 'text', m: 'app.mood' }

/** What a manifest declares of this, by the title of what a plan must not create. */
const declared: Readonly<Record<string, object>> = {
  ...objects('index lab.index ', simplified, (text) => ({ index: { columns: [{ expression: text }] } })),
  ...objects('index lab.where ', simplified, (text) => ({
    index: { columns: ['a'], where: `(${text})::text <> 'q'` },
  })),
  ...objects('foreign table lab.generated ', simplified, (text) => ({
    table: { columns: { ...columns, g: { type: 'text', generated: text } } },
  })),
  'foreign table lab.generated with a cast': { table: { columns: { g: { type: 'app.mood', generated: '1' } } } },
  ...objects('foreign table lab.default ', literals, (text) => ({
    table: { columns: { g: { type: 'text', default: `(${text})::text` } } },
  })),
  ...objects('foreign table lab.check ', literals, (text) => ({
    table: { columns: { a: 'int' }, checks: { fine: `(${text}) IS NOT NULL` } },
  })),
  'foreign table lab.typed default': { table: { columns: { x: { type: 'app.checked[]', default: "'{x}'" } } } },
  ...objects('type lab.default ', literals, (text) => ({ type: { domain: 'text', default: `(${text})::text` } })),
  ...objects('type lab.check ', literals, (text) => ({
    type: { domain: 'text', checks: { fine: `(${text}) IS NOT NULL` } },
  })),
  ...objects('statistics lab.statistics ', literals, (text) => ({
    statistics: { columns: ['v'], expressions: [`(${text}) IS NULL`] },
  })),
  ...objects('materialized view lab.view ', literals, (text) => ({
    view: { populate: false, query: `SELECT ${text} AS x` },
  })),
  ...objects('materialized view lab.query ', queries, (text) => ({ view: { populate: false, query: text } })),
  ...objects(
    'foreign table lab.partition of ',
    {
      by_checked: "IN ('x')",
      by_counted: "IN ('x')",
      by_mood: 'IN (1)',
      by_constant: "IN ('x')",
      by_cast: "IN ('x')",
      by_class: 'FROM (1) TO (2)',
    },
    (text, parent) => ({ table: { partition_of: { table: { schema: 'app', name: parent }, for_values: text } } }),
  ),
  'index lab.image': { index: { columns: [{ column: 'a', operator_class: { schema: 'app', name: 'image_ops' } }] } },
  'foreign data wrapper lab_w': { wrapper: { validator: { schema: 'app', name: 'validate' } } },
  'server lab_s': { server: { foreign_data_wrapper: 'validated' } },
  'foreign table lab.validated': { table: { server: 'validated', columns: { a: 'int' } } },
}

/** What looks similar, and is created by a plan as ever. */
const harmless: Readonly<Record<string, object>> = {
  ...objects(
    'index lab.fine ',
    {
      'built-in': 'lower(v)',
      'of a column': 'app.f(v)',
      'of a call': 'app.f(lower(v))',
      'of an operator': "app.f(v || '-')",
      'of coalesce': "app.f(coalesce(v, ''))",
      'of case': "app.f(CASE v WHEN 'a' THEN 'b' ELSE v END)",
      inlined: 'app.harmless(v)',
      enumeration: "m = 'ok'",
      'enumeration cast': "(m = 'ok'::app.mood)::int",
      'cast of a column': 'm::text',
      'two arguments': 'app.concatenated(v, v)',
      'stable over a constant': "lower('X')",
    },
    (text) => ({ index: { columns: [{ expression: text }], where: 'v IS NOT NULL' } }),
  ),
  'index lab.fine class': { index: { columns: [{ column: 'a', operator_class: { schema: 'app', name: 'int_ops' } }] } },
  'foreign table lab.fine generated': {
    table: { columns: { ...columns, g: { type: 'text', generated: 'app.f(v)' } } },
  },
  'foreign table lab.fine default': {
    table: {
      columns: {
        x: { type: 'app.checked', default: "'x'" },
        y: { type: 'app.checked[]', options: { column_name: 'z' } },
      },
      checks: { fine: 'app.is_fine(x)', constant: "app.f('x') = 'x'" },
    },
  },
  'type lab.fine': { type: { domain: 'app.checked', default: "'x'", checks: { fine: 'app.is_fine(VALUE)' } } },
  ...objects(
    'materialized view lab.fine ',
    {
      'literal of a domain': "SELECT 'x'::app.checked AS x, a FROM app.t WHERE word = 'x' AND v = 'open'",
      'harmless domain': "SELECT '{x}'::app.plain[] AS x",
      'domain in a list': "SELECT a FROM app.rows WHERE word IN ('x', 'y')",
      'calls of constants': "SELECT app.f('x') AS x, app.volatile('x') AS y",
    },
    (text) => ({ view: { populate: false, query: text } }),
  ),
  ...objects(
    'foreign table lab.fine partition of ',
    {
      by_text: "IN ('x', '1'::text)",
      by_number: 'FROM (1) TO (MAXVALUE)',
      by_function: "IN ('x')",
      by_hash: 'WITH (MODULUS 2, REMAINDER 0)',
      with_generated: "IN ('x')",
    },
    (text, parent) => ({ table: { partition_of: { table: { schema: 'app', name: parent }, for_values: text } } }),
  ),
  'foreign table lab.fine child': { table: { inherits: [{ schema: 'app', name: 'parent' }] } },
}

/** By titles whose names are quoted where they have to be. */
function objects(
  title: string,
  texts: Readonly<Record<string, string>>,
  object: (text: string, name: string) => object,
): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${title}${name}`, object(text, name)]))
}

type Stanza = Readonly<Record<string, unknown>>

function manifestText(all: Readonly<Record<string, object>>): string {
  const of = (what: string): Record<string, Stanza> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([title, stanza]) =>
        Object.entries(stanza).flatMap(([key, value]) =>
          key === what ? [[title.replace(/^.*?(lab\.|(?=lab_))/, ''), value]] : [],
        ),
      ),
    )
  const base = {
    populate: false,
    query: 'SELECT a, v, m FROM app.t',
    indexes: of('index'),
    statistics: of('statistics'),
  }
  const tables = Object.entries(of('table')).map(([name, table]) => [name, { server: 'nowhere', ...table }])
  const schemas = {
    lab: { types: of('type'), foreign_tables: Object.fromEntries(tables), materialized_views: { base, ...of('view') } },
  }
  const search_path = ['app', 'public']
  return JSON.stringify({
    version: 1,
    name: 'lab',
    search_path,
    foreign_data_wrappers: of('wrapper'),
    servers: of('server'),
    schemas,
  })
}

/** What PostgreSQL only stores. */
const stored: Readonly<Record<string, string>> = {
  'copy of a generated column': 'CREATE TABLE lab.f (LIKE app.with_generated INCLUDING ALL)',
  ...named('view', { ...simplified, volatile: "app.volatile('x')" }, (text) =>
    /range|composite/.test(text) || text.includes('::app.span') || text.includes('::app.pair')
      ? 'SELECT'
      : `CREATE VIEW lab.f AS SELECT ${text} AS x FROM app.t`,
  ),
  'query without data':
    'CREATE MATERIALIZED VIEW lab.f AS SELECT app.f($$x$$), a FROM app.t WHERE app.is_fine(v) LIMIT app.f(1) WITH NO DATA',
  default: foreignTable("x text DEFAULT app.f('x')"),
  check: foreignTable("CHECK (app.is_fine('x'))"),
  'check of a domain': "CREATE DOMAIN lab.f AS text CHECK (app.is_fine('x'))",
  'default of a domain': "CREATE DOMAIN lab.f AS text DEFAULT app.f('x')",
  'literal of a domain':
    "CREATE VIEW lab.f AS SELECT 'x'::app.checked AS x, a FROM app.t WHERE word = 'x' OR word IN ('x', 'y')",
  'literal of a domain as a default': foreignTable("x app.checked DEFAULT 'x'"),
  'literal of a harmless domain': "CREATE VIEW lab.f AS SELECT '{x}'::app.plain[] AS x",
  'index over a column': 'CREATE INDEX ON app.view ((app.f(v)), (app.harmless(v)), ((m)::text))',
  'generated over a column': foreignTable('g text GENERATED ALWAYS AS (app.f(v)) STORED'),
  statistics: "CREATE STATISTICS lab.f ON (app.f('x')), v FROM app.t",
  'bound of a key with a function': partition('by_function', "IN ('x')"),
  'bound of a hash': partition('by_hash', 'WITH (MODULUS 2, REMAINDER 0)'),
  'bound of an enumeration': partition('by_mood', "IN ('ok')"),
  'index with an operator class': 'CREATE INDEX ON app.view (a app.int_ops)',
}

function named(
  place: string,
  texts: Readonly<Record<string, string>>,
  statement: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${place}: ${name}`, statement(text)]))
}

function foreignTable(element: string): string {
  return `CREATE FOREIGN TABLE lab.f (a int, v text, m app.mood, ${element}) SERVER nowhere`
}

function partition(parent: string, bound: string): string {
  return `CREATE FOREIGN TABLE lab.f PARTITION OF app.${parent} FOR VALUES ${bound} SERVER nowhere`
}

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase(pair.target)
    await runSql(database.url, `${detectors};${unmanaged}`)
  })
  afterAll(() => database.drop())

  const runs = async () => Number((await runSql(database.url, countRuns))[0]?.runs)

  test('what PostgreSQL evaluates when it creates something', async () => {
    const client = await connect(database.url)
    const outcome = async (statement: string) => {
      const before = await runs()
      await client.query('BEGIN')
      const error = await client.query(statement).then(
        () => undefined,
        (reason: Error) => reason.message,
      )
      await client.query('ROLLBACK')
      return (await runs()) > before ? 'evaluated' : (error ?? 'stored')
    }
    try {
      const found: Record<string, string> = {}
      for (const [name, statement] of Object.entries({ ...evaluated, ...stored }))
        found[name] = await outcome(statement)
      const expected = (all: Readonly<Record<string, string>>, as: string) =>
        Object.keys(all).map((name) => [name, as] as const)
      expect(found).toEqual(Object.fromEntries([...expected(evaluated, 'evaluated'), ...expected(stored, 'stored')]))
    } finally {
      await client.end()
    }
  })

  const title = (name: string) => name.replace(/^(.*?lab\.)(.*\W.*)$/, '$1"$2"')

  test('what a manifest declares itself can run code in what it declares next', async () => {
    const text = JSON.stringify({
      version: 1,
      name: 'chain',
      search_path: ['lab', 'public'],
      schemas: {
        lab: {
          types: {
            word: { domain: 'text', checks: { fine: 'app.is_fine(VALUE)' } },
            after: { domain: 'text', default: "('{x}'::lab.word[])::text" },
            before: { domain: 'text', default: "('{x}'::word[])::text", checks: { fine: "VALUE <> ''" } },
            plain: { domain: 'text', checks: { fine: "VALUE <> ''" } },
          },
          foreign_tables: { t: { server: 'nowhere', columns: { a: 'int', words: 'word[]', plain: 'plain[]' } } },
          materialized_views: {
            direct: { populate: false, query: "SELECT a FROM t WHERE words = '{x}'" },
            first: { populate: false, query: 'SELECT a, words AS renamed FROM lab.t' },
            second: { populate: false, query: "SELECT a FROM first WHERE renamed = '{x}'" },
            third: {
              populate: false,
              query: 'SELECT a, renamed AS again FROM first',
              indexes: {
                compared: { columns: [{ expression: "again = '{x}'" }] },
                fine: { columns: ['a'], where: 'a > 1' },
              },
            },
            fine_view: { populate: false, query: "SELECT a FROM t WHERE plain = '{x}'" },
          },
        },
      },
    })
    const before = await runs()
    const plan = await planFor(await manifestOf(text, {}), database.url)
    expect(await runs()).toBe(before)
    expect(plan.undetermined.map((each) => `${each.title}: ${each.code}`).sort()).toEqual([
      'index lab.compared: object/evaluates-code',
      'materialized view lab.direct: object/evaluates-code',
      'materialized view lab.second: object/evaluates-code',
      'type lab.after: object/evaluates-code',
      'type lab.before: object/evaluates-code',
    ])
    expect(plan.refusals).toEqual([])
    const reasons = plan.undetermined.map(({ reason }) => reason).join()
    expect(reasons).toContain('the checks of domain lab.word')
    expect(reasons).not.toContain('fdwsync_probe')
  })

  test('an apply runs what the manifest declares, and then a plan has nothing left to try', async () => {
    const parsed = await manifestOf(
      JSON.stringify({
        version: 1,
        name: 'applied',
        search_path: ['app', 'public'],
        schemas: {
          lab: {
            materialized_views: {
              base: {
                populate: false,
                query: "SELECT a, v, '{x}'::app.checked[] AS words FROM app.t",
                indexes: { constant: { columns: [{ expression: "app.f('x') || v" }] } },
              },
            },
          },
        },
      }),
      {},
    )
    const before = await runs()
    expect((await planFor(parsed, database.url)).undetermined).toHaveLength(2)
    expect(await runs()).toBe(before)
    const { plan, report } = await applyTo(parsed, database.url)
    expect(plan.undetermined).toEqual([])
    expect(missedOf(report)).toEqual([])
    const applied = await runs()
    expect(applied).toBeGreaterThan(before)
    const again = await planFor(parsed, database.url)
    expect([...again.changes, ...again.undetermined]).toEqual([])
    await runSql(database.url, 'DELETE FROM fdwsync.proof')
    const third = await planFor(parsed, database.url)
    expect([...third.changes, ...third.undetermined]).toEqual([])
    expect(await runs()).toBe(applied)
    await applyTo(await manifestOf(JSON.stringify({ version: 1, name: 'applied' }), {}), database.url, {
      allow: ['drops-data'],
    })
  })

  test('what has to be recreated is not tried either', async () => {
    const text = (type: string) =>
      JSON.stringify({
        version: 1,
        name: 'below',
        schemas: {
          below: { foreign_tables: { t: { server: 'nowhere', columns: { a: type, words: 'app.checked[]' } } } },
        },
      })
    await applyTo(await manifestOf(text('int'), {}), database.url)
    await runSql(
      database.url,
      `CREATE VIEW below.plain AS SELECT a FROM below.t WHERE words = '{x}';
       CREATE VIEW below.with_default AS SELECT a, words FROM below.t;
       ALTER VIEW below.with_default ALTER words SET DEFAULT '{x}';
       CREATE MATERIALIZED VIEW below.copy AS SELECT a FROM below.t WHERE words = '{x}' WITH NO DATA;
       CREATE MATERIALIZED VIEW below.indexed AS SELECT a FROM below.t WITH NO DATA;
       CREATE INDEX ON below.indexed ((app.f('x') || a));
       CREATE VIEW below.fine AS SELECT a FROM below.t`,
    )
    const before = await runs()
    const plan = await planFor(await manifestOf(text('bigint'), {}), database.url)
    expect(await runs()).toBe(before)
    const reasons = plan.refusals.map(({ reason }) => reason).join(' ')
    expect(reasons).toContain('below.plain')
    expect(reasons).toContain('and a plan runs no user-defined code')
    await runSql(database.url, 'DROP SCHEMA below CASCADE')
  })

  test('a plan evaluates none of it', async () => {
    const before = await runs()
    const plan = await planFor(await manifestOf(manifestText({ ...declared, ...harmless }), {}), database.url)
    expect(await runs()).toBe(before)
    expect(plan.refusals).toEqual([])
    const undetermined = plan.undetermined.filter(({ code }) => code === 'object/evaluates-code')
    expect(undetermined.map((each) => each.title).sort()).toEqual(Object.keys(declared).map(title).sort())
    expect(plan.undetermined.filter((each) => !undetermined.includes(each))).toEqual([])
    const created = plan.changes.map((change) => change.title)
    expect(created).toEqual(expect.arrayContaining(Object.keys(harmless).map(title)))
  })
})
