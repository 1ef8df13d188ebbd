// Errors of a plan: at which character of the manifest, and what to do about them.

import { describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../../src/core/errors.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { fixtureWithOwnSource } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'

/** `@` marks the place of the error and is removed. */
interface Mistake {
  readonly what: string
  readonly schemas: string
  readonly message: string | RegExp
  readonly hint?: string | RegExp
}

const queries = (views: string) => `
  local:
    materialized_views:
${views.replace(/^/gm, '      ')}`

const mistakes: readonly Mistake[] = [
  {
    what: 'a column that does not exist, in a literal block',
    schemas: queries('v:\n  query: |\n    SELECT id,\n      @totl\n    FROM proxy.orders'),
    message: 'materialized view local.v: column "totl" does not exist',
    hint: /^Perhaps you meant to reference the column "orders.total"/,
  },
  {
    what: 'in a folded block, with characters of two UTF-16 units before it',
    schemas: queries("v:\n  query: >-\n    SELECT id, '😀' AS a,\n\n      1 AS b,\n    @totl FROM proxy.orders"),
    message: 'materialized view local.v: column "totl" does not exist',
  },
  {
    what: 'in double quotes with escapes, over two lines',
    schemas: queries(
      String.raw`v: { query: "SELECT \"id\", '\u0041\x42' AS a,\n\t \
        @totl FROM proxy.orders" }`,
    ),
    message: 'materialized view local.v: column "totl" does not exist',
  },
  {
    what: 'in single quotes over two lines',
    schemas: queries("v:\n  query: 'SELECT ''a'' AS a,\n    @totl FROM proxy.orders'"),
    message: 'materialized view local.v: column "totl" does not exist',
  },
  {
    what: 'in a plain value over two lines',
    schemas: queries('v:\n  query: SELECT id,\n    @totl FROM proxy.orders'),
    message: 'materialized view local.v: column "totl" does not exist',
  },
  {
    what: 'behind names whose schema the probe replaces',
    schemas: queries(
      'w: { query: SELECT id FROM proxy.orders }\nv:\n  query: |\n    SELECT local.w.id, @local.w.nothing\n      FROM local.w;\n',
    ),
    message: /^materialized view local.v: column .*nothing does not exist$/,
  },
  {
    what: 'a type of the second of two columns',
    schemas:
      '\n  more:\n    foreign_tables:\n      t: { server: shop, columns: { a: int, "interval": interval, b: @intt } }',
    message: 'foreign table more.t: type "intt" does not exist',
  },
  {
    what: 'a default',
    schemas:
      '\n  more:\n    foreign_tables:\n      t: { server: shop, columns: { a: { type: int, default: "1 + @nope()" } } }',
    message: 'foreign table more.t: function nope() does not exist',
  },
  {
    what: 'an expression of an index',
    schemas: queries(
      'v:\n  query: SELECT id FROM proxy.orders\n  indexes:\n    i: { columns: [{ expression: "@nope(id)" }] }',
    ),
    message: /^index local.i: function nope\(bigint\) does not exist$/,
  },
  {
    what: 'a relation with a name like a declared one',
    schemas: queries('v: { query: SELECT id FROM @proxy.ordes }'),
    message: 'materialized view local.v: relation "proxy.ordes" does not exist; did you mean "proxy.orders"?',
  },
  {
    what: 'a relation with a name like an existing one',
    schemas: queries('v: { query: SELECT 1 FROM @existin }'),
    message: 'materialized view local.v: relation "existin" does not exist; did you mean "existing"?',
  },
  {
    what: 'a relation without its schema',
    schemas: queries('v: { query: SELECT id FROM @orders }'),
    message: 'materialized view local.v: relation "orders" does not exist; did you mean "proxy.orders"?',
  },
  {
    what: 'a relation in a schema that does not exist',
    schemas: queries('v: { query: SELECT id FROM @nowhere.orders }'),
    message: 'materialized view local.v: relation "nowhere.orders" does not exist; did you mean "proxy.orders"?',
  },
  {
    what: 'a server with a name like a declared one',
    schemas: '\n  more:\n    foreign_tables:\n      t: { server: @shopp, columns: { a: int } }',
    message: 'foreign table more.t: server "shopp" does not exist; did you mean "shop"?',
    hint: 'Declare it: servers: { shopp: { options: { … } } }.',
  },
  {
    what: 'a role that does not exist, at the place of its name',
    schemas: queries('v: { query: SELECT 1 AS a, grants: { select: [@nobody_of_that_name] } }'),
    message: 'materialized view local.v: role "nobody_of_that_name" does not exist',
    hint: 'Create it: CREATE ROLE nobody_of_that_name;',
  },
  {
    what: 'a type of an extension that is not installed',
    schemas: '\n  more:\n    foreign_tables:\n      t: { server: shop, columns: { a: @citext } }',
    message: 'foreign table more.t: type "citext" does not exist',
    hint: 'Declare its extension: extensions: { citext: {} }. Or have a superuser run: CREATE EXTENSION citext;',
  },
  {
    what: 'a type of an extension in another schema',
    schemas: '\n  more:\n    foreign_tables:\n      t: { server: shop, columns: { a: "@hstore[]" } }',
    message: 'foreign table more.t: type "hstore[]" does not exist',
    hint: 'The extension hstore is in schema aside: name the schema, or add it to search_path.',
  },
  {
    what: 'a column of an index, for which the server reports no position',
    schemas: queries('v: { query: SELECT id FROM proxy.orders, indexes: { i: { columns: [id, @totl] } } }'),
    message: 'index local.i: column "totl" does not exist',
  },
  {
    what: 'an attribute of a type',
    schemas: "\n  local:\n    types:\n      t: { composite: { a: int, b: '@nope' } }",
    message: 'type local.t: type "nope" does not exist',
  },
  {
    what: 'types in a circle, that another uses',
    schemas: queries('v: { query: SELECT NULL::local.t AS t }').replace(
      'local:',
      'local:\n    types:\n      t: { composite: { u: "local.u[]" } }\n      @u: { composite: { t: local.t } }',
    ),
    message: 'type local.u: it consists of itself: it consists of local.t, which consists of local.u',
  },
  {
    what: 'a check of a domain',
    schemas: "\n  local:\n    types:\n      t: { domain: int, checks: { c: 'value > 0 AND @nope < 1' } }",
    message: 'type local.t: column "nope" does not exist',
  },
  {
    what: 'an option',
    schemas:
      '\n  more:\n    foreign_tables:\n      t: { server: shop, options: { @tablename: x }, columns: { a: int } }',
    message: 'foreign table more.t: invalid option "tablename"',
  },
  {
    what: 'a grant to PUBLIC',
    schemas: queries('v: { query: SELECT 1 AS a, grants: { select: [@PUBLIC] } }'),
    message: 'materialized view local.v: role "PUBLIC" does not exist',
    hint: 'For every role, write public, in lower case.',
  },
  {
    what: 'an owner that is a word',
    schemas: queries(
      'v: { query: SELECT 1 AS a, owner: @CURRENT_USER }\nw: { query: SELECT 1 AS a, owner: CURRENT_USER }',
    ),
    message: 'materialized view local.v: role "CURRENT_USER" does not exist; objects that name it beside this one: 1',
    hint: /^A manifest takes that as the name of a role/,
  },
  {
    what: 'a type that others use',
    schemas: `
  more:
    types: { z: { domain: "@numric(10)" } }
    foreign_tables:
      t: { server: shop, columns: { a: "more.z[]" } }
    tables:
      u: { query: "SELECT NULL::more.z AS a FROM more.t" }`,
    message: 'type more.z: type "numric" does not exist',
  },
]

const manifest = (schemas: string) => `version: 1
name: hints
servers: { shop: {} }
schemas:
  proxy:
    foreign_tables:
      orders: { server: shop, columns: { id: bigint, total: "numeric(10,2)" } }${schemas}
`

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('each mistake', async () => {
    const fixture = await fixtureWithOwnSource(pair, '')
    await fixture.sql(`CREATE EXTENSION postgres_fdw; CREATE TABLE existing (id int);
      CREATE SCHEMA aside; CREATE EXTENSION hstore SCHEMA aside`)
    for (const { what, schemas, message, hint } of mistakes) {
      const marked = manifest(schemas)
      const lines = marked.slice(0, marked.indexOf('@')).split('\n')
      expect(await problemsOf(marked.replace('@', ''), fixture.url), what).toMatchObject([
        {
          message: typeof message === 'string' ? message : expect.stringMatching(message),
          place: { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 },
          ...(hint === undefined ? {} : { hint: typeof hint === 'string' ? hint : expect.stringMatching(hint) }),
        },
      ])
    }
  })
})

describe.each(newestMajor())('PostgreSQL $name', (pair: ServerPair) => {
  test('what cannot be loaded: copies that read what holds no data, and functions that find names by search_path', async () => {
    const fixture = await fixtureWithOwnSource(pair, '')
    await fixture.sql(`CREATE EXTENSION postgres_fdw; CREATE MATERIALIZED VIEW unmanaged AS SELECT 1 AS id WITH NO DATA;
      CREATE VIEW through AS SELECT id FROM unmanaged; CREATE MATERIALIZED VIEW loaded AS SELECT 1 AS id;
      CREATE FUNCTION rate() RETURNS int LANGUAGE sql AS 'SELECT 1';
      CREATE FUNCTION by_name(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN id * RATE() + (SELECT abs(l.id) FROM loaded AS l); END';
      CREATE FUNCTION with_path(id int) RETURNS int LANGUAGE sql SET search_path = public AS 'SELECT rate()';
      CREATE FUNCTION qualified(id int) RETURNS int LANGUAGE sql AS 'SELECT id FROM public.loaded WHERE public.rate() = abs(id)'`)
    const copies = [
      'empty: { query: SELECT 1 AS id, populate: false }',
      'over_empty: { query: SELECT id FROM local.empty }',
      'over_view: { query: SELECT id FROM through }',
      'also_empty: { query: SELECT id FROM unmanaged, populate: false }',
      'over_loaded: { query: SELECT id FROM loaded }',
      'above: { query: SELECT id FROM local.over_loaded }',
      'calls: { query: "SELECT public . by_name(id) AS id, with_path(id), qualified(id) FROM loaded", indexes: { i: { columns: [{ expression: by_name(id) }] } } }',
    ]
    const parsed = await manifestOf(manifest(queries(copies.join('\n'))), {})
    const { warnings } = await planFor(parsed, fixture.url, 60_000, true)
    const refusing = warnings.flatMap(({ message, hint, refusesApply }) =>
      refusesApply ? [`${message}: ${hint}`] : [],
    )
    expect(refusing.filter((text) => text.startsWith('materialized')).sort()).toEqual([
      'materialized view local.over_empty: it cannot be loaded: it reads materialized view local.empty, which holds no data: Remove populate: false there, or declare it here too.',
      'materialized view local.over_view: it cannot be loaded: it reads materialized view public.unmanaged, which holds no data: Load that first: REFRESH MATERIALIZED VIEW public.unmanaged;',
    ])
    const by = 'function public.by_name(integer) finds loaded, rate by search_path'
    expect(warnings.flatMap(({ message }) => message.match(/^.*search_path/) ?? [])).toEqual(
      pair.major < 17 ? [] : [`materialized view local.calls: ${by}`, `index local.i: ${by}`],
    )
  })

  test('a circle is one error, at what is declared first of it', async () => {
    const fixture = await fixtureWithOwnSource(pair, '')
    await fixture.sql('CREATE EXTENSION postgres_fdw')
    const circle = (a: string, b: string, c: string) =>
      queries(`a: { query: ${a} }\nb: { query: ${b} }\nc: { query: ${c} }\nover: { query: SELECT * FROM local.a }`)
    const found = async (schemas: string) =>
      (await problemsOf(manifest(schemas), fixture.url)).map(({ message, place }) => `${place?.line}: ${message}`)
    const three = circle('SELECT * FROM local.b', 'SELECT * FROM (SELECT * FROM local.c) s', 'SELECT 1 FROM local.a')
    expect(await found(three)).toEqual([
      '10: materialized view local.a: it reads itself: it reads local.b, which reads local.c, which reads local.a',
    ])
    expect(await found(circle('SELECT 1 AS x', 'SELECT 1 AS x', 'SELECT x FROM local.c'))).toEqual([
      '12: materialized view local.c: it reads itself',
    ])
    expect(
      await found(`
  more:
    foreign_tables:
      a: { server: shop, columns: { id: int }, inherits: [{ schema: more, name: b }] }
      b: { server: shop, columns: { id: int }, inherits: [{ schema: more, name: a }] }`),
    ).toEqual([
      '10: foreign table more.a: it inherits from itself: it inherits from more.b, which inherits from more.a',
    ])
    // Beside the views as they exist, each query alone would be fine.
    const fine = circle('SELECT 1 AS x', 'SELECT x FROM local.a', 'SELECT 1 AS x')
    await applyTo(await manifestOf(manifest(fine), {}), fixture.url)
    const circular = circle('SELECT x FROM local.b', 'SELECT x FROM local.a', 'SELECT 1 AS x')
    expect(await found(circular)).toEqual([
      '10: materialized view local.a: it reads itself: it reads local.b, which reads local.a',
    ])
  })

  test('what a superuser has to run for an extension', async () => {
    const fixture = await fixtureWithOwnSource(pair, '')
    const { url, user } = await fixture.role()
    const database = fixture.target.name
    const hintsFor = async (text: string) => {
      const plan = await planFor(await manifestOf(text, {}), url)
      return plan.refusals.map(({ title, hint }) => `${title}: ${hint}`)
    }
    const extensions =
      'version: 1\nname: e\nextensions: { postgres_fdw: { schema: aside }, hstore: {} }\nschemas: { aside: {} }'
    await fixture.sql(`GRANT CREATE ON DATABASE ${database} TO ${user}`)
    expect(await hintsFor(extensions)).toEqual([
      'extension postgres_fdw: Have a superuser run: CREATE EXTENSION postgres_fdw SCHEMA aside;',
    ])
    const missing = 'version: 1\nname: e\nservers: { shop: {} }'
    expect(await problemsOf(missing, url)).toMatchObject([
      {
        hint: 'Declare its extension: extensions: { postgres_fdw: {} }. Or have a superuser run: CREATE EXTENSION postgres_fdw;',
      },
    ])
    const mapping = `${missing}\nextensions: { postgres_fdw: {} }`.replace('{}', '{ user_mappings: { PUBLIC: {} } }')
    expect(await problemsOf(mapping, fixture.url)).toMatchObject([
      { hint: 'For every role, write public, in lower case.' },
    ])
  })
})

async function problemsOf(text: string, url: string) {
  const error = await manifestOf(text, {})
    .then((parsed) => planFor(parsed, url))
    .catch((reason: unknown) => reason)
  if (!(error instanceof FdwsyncError)) throw error
  return error.problems
}
