// The story of the demo: a plan, an apply, a refresh, drift and its repair, and a dump that is restored elsewhere.

import { type DemoContext, verify } from './context.ts'

/** In order: each chapter builds on those before it. */
export const chapters: readonly ((demo: DemoContext) => Promise<void>)[] = [
  introduce,
  previewChanges,
  applyManifest,
  queryCopies,
  queryWithoutSource,
  refreshCopies,
  causeDrift,
  repairDrift,
  restoreWithoutSource,
]

async function introduce({ narrator, databases }: DemoContext): Promise<void> {
  const [count] = await databases.query(
    'shop',
    'SELECT count(DISTINCT order_id) AS orders, count(*) AS lines FROM order_lines',
  )
  await narrator.heading('Two databases')
  await narrator.print(
    `Two servers run for this demo. One, PostgreSQL ${databases.majors.source}, holds "shop", the database of a`,
    `web shop: ${count?.orders} orders with ${count?.lines} order lines. The other, PostgreSQL ${databases.majors.target}, holds`,
    '"analytics", an empty database that is to get a copy of the shop for reports.',
    '',
    'examples/shop/fdwsync.yaml declares that copy: a foreign server, four foreign',
    'tables, and five materialized views with their indexes.',
  )
}

async function previewChanges({ narrator, databases, fdwsync }: DemoContext): Promise<void> {
  await narrator.heading('plan: what would change?')
  await narrator.print(
    'The target checks every definition in a transaction that is rolled back, so plan',
    'changes nothing.',
  )
  await fdwsync('plan', 0)
  const [created] = await databases.query('analytics', "SELECT FROM pg_namespace WHERE nspname ~ '^(shop|fdwsync)'")
  verify(created === undefined, 'plan has changed nothing')
}

async function applyManifest({ narrator, databases, fdwsync }: DemoContext): Promise<void> {
  await narrator.heading('apply: create it')
  await narrator.print(
    'apply shows the plan, runs all definitions in one transaction, and verifies the',
    'result before it commits. Then it loads the views, several at once.',
  )
  await fdwsync('apply --auto-approve', 0)
  for (const table of ['customers', 'products', 'orders', 'order_lines']) {
    const source = await databases.query('shop', `SELECT count(*) FROM ${table}`)
    const copy = await databases.query('analytics', `SELECT count(*) FROM shop.${table}`)
    verify(equal(source, copy), `shop.${table} has as many rows as its source`)
  }
}

async function queryCopies({ narrator, databases, sql }: DemoContext): Promise<void> {
  await narrator.heading('Querying the copy')
  await narrator.print('The best days of the shop, from a view over two of the copies:')
  const best = await sql('analytics', 'SELECT * FROM shop.revenue_by_day\n ORDER BY revenue DESC LIMIT 5;')
  const atSource = await databases.query(
    'shop',
    `SELECT (placed_at AT TIME ZONE 'UTC')::date AS day, count(DISTINCT id) AS orders, sum(quantity * unit_price) AS revenue
       FROM orders JOIN order_lines ON order_id = id
      WHERE status <> 'cancelled' GROUP BY 1 ORDER BY 3 DESC LIMIT 5`,
  )
  verify(equal(best, atSource), 'the best days are those of the source')
}

async function queryWithoutSource({ narrator, databases, sql, failingSql }: DemoContext): Promise<void> {
  await databases.kill('shop')
  await narrator.print('', "Now the shop's server is down, and its foreign tables cannot be read:")
  await failingSql('analytics', 'SELECT count(*) FROM shop_proxy.orders;')
  await narrator.print('', 'The copies have data and indexes of their own, so they still answer:')
  const rows = await sql(
    'analytics',
    `SELECT p.category, sum(l.quantity * l.unit_price) AS revenue
  FROM shop.order_lines AS l JOIN shop.products AS p
    ON p.id = l.product_id
 GROUP BY p.category ORDER BY revenue DESC;`,
  )
  verify(rows.length > 1, 'the copies answer while their source is down')
  await databases.restart('shop')
  await narrator.print('', 'The server is up again.')
}

async function refreshCopies({ narrator, databases, fdwsync, sql }: DemoContext): Promise<void> {
  await narrator.heading('refresh: bring the copies up to date')
  await narrator.print("On New Year's Day each customer in Paris orders two teapots, and a price goes up.")
  await sql(
    'shop',
    `WITH placed AS (
  INSERT INTO orders (customer_id, status, placed_at)
  SELECT id, 'paid', '2026-01-01 10:00 UTC'
    FROM customers WHERE city = 'Paris' RETURNING id)
INSERT INTO order_lines
SELECT placed.id, 1, product.id, 2, product.list_price
  FROM placed, products AS product WHERE name = 'Moss teapot';`,
  )
  await sql('shop', "UPDATE products SET list_price = 29.90\n WHERE name = 'Sand bath mat';")
  await narrator.print('', 'Each view has a unique index, so readers are not blocked while it is refreshed.')
  const files = await databases.query('analytics', filesOfViews)
  await fdwsync('refresh', 0)
  verify(equal(files, await databases.query('analytics', filesOfViews)), 'the views were refreshed concurrently')
  const newYear = await sql('analytics', "SELECT * FROM shop.revenue_by_day\n WHERE day >= '2026-01-01';")
  verify(newYear.length === 1, 'the day of the new orders has arrived')
  const prices = await sql('analytics', "SELECT name, price FROM shop.products\n WHERE name = 'Sand bath mat';")
  verify(prices[0]?.price === '29.90', 'the new price has arrived')
}

/** REFRESH gives a view a new file, REFRESH CONCURRENTLY keeps the file. */
const filesOfViews = `SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'm' ORDER BY relname`

async function causeDrift({ narrator, fdwsync, sql }: DemoContext): Promise<void> {
  await narrator.heading('Drift: the target is changed by hand')
  await narrator.print(
    'A colleague changes the target with plain SQL. The third statement does the most',
    'harm: from the next refresh on, each price would be what the shop pays itself.',
  )
  await sql('analytics', 'DROP INDEX shop.orders_customer_idx;')
  await sql('analytics', "ALTER SERVER shop OPTIONS (SET fetch_size '10');")
  await sql(
    'analytics',
    "ALTER FOREIGN TABLE shop_proxy.products\nALTER COLUMN price OPTIONS (SET column_name 'cost');",
  )
  await sql('analytics', "COMMENT ON MATERIALIZED VIEW shop.revenue_by_day IS 'TODO';")
  await narrator.print('', 'plan finds all four changes. With --detailed-exitcode it exits with 2.')
  await fdwsync('plan --detailed-exitcode', 2)
}

async function repairDrift({ narrator, databases, fdwsync }: DemoContext): Promise<void> {
  await narrator.heading('apply: repair the drift')
  await narrator.print('The index is recreated; everything else is altered in place.')
  await fdwsync('apply --auto-approve', 0)
  const [state] = await databases.query('analytics', repaired)
  verify(equal(state, expectedState), `everything is as declared again, not ${JSON.stringify(state)}`)
  await narrator.print('', 'Nothing is left to change, so plan exits with 0.')
  await fdwsync('plan --detailed-exitcode', 0)
}

async function restoreWithoutSource({ narrator, databases, fdwsync, sql }: DemoContext): Promise<void> {
  const overlay = 'examples/shop/tables.yaml'
  await narrator.heading('Backup: a dump holds the data of tables')
  await narrator.print(
    'A dump of a materialized view has only its definition. An overlay declares the four',
    'copies as tables. Each is built beside the old copy, so that readers keep reading.',
  )
  if (!databases.canRestore) {
    return narrator.print(
      '',
      `This part is left out: no pg_dump for PostgreSQL ${databases.majors.target} is installed.`,
    )
  }
  await fdwsync('apply --auto-approve', 0, { database: 'analytics', overlay })
  const count = 'SELECT count(*) AS lines FROM shop.order_lines;'
  const before = await databases.query('analytics', count)
  await databases.kill('shop')
  await narrator.print('', "The shop's server is down. An empty server gets a dump of the target:")
  await narrator.command('$', 'pg_dump -Fc analytics | pg_restore -d restored')
  await databases.restore()
  verify(equal(before, await sql('restored', count)), 'the restored table has all rows')
  await narrator.print('', 'Nothing differs from the manifest: plan only records the objects again.')
  await fdwsync('plan --detailed-exitcode', 0, { database: 'restored', overlay })
  await databases.restart('shop')
  await narrator.print('', 'Once the shop is up again, a refresh writes only the rows that differ.')
  await sql('shop', "UPDATE products SET list_price = 31.50\n WHERE name = 'Sand bath mat';")
  await fdwsync('refresh', 0, { database: 'restored', overlay })
  const prices = await sql('restored', "SELECT name, price FROM shop.products\n WHERE name = 'Sand bath mat';")
  verify(prices[0]?.price === '31.50', 'the new price has arrived in the restored database')
}

/** The values that the four statements of the drift had changed. */
const repaired = `
  SELECT to_regclass('shop.orders_customer_idx')::text AS index,
         (SELECT 'fetch_size=10000' = ANY (srvoptions) FROM pg_foreign_server WHERE srvname = 'shop') AS has_fetch_size,
         (SELECT attfdwoptions FROM pg_attribute
           WHERE attrelid = 'shop_proxy.products'::regclass AND attname = 'price') AS price_options,
         obj_description('shop.revenue_by_day'::regclass) AS comment`
const expectedState = {
  index: 'shop.orders_customer_idx',
  has_fetch_size: true,
  price_options: ['column_name=list_price'],
  comment: 'orders and revenue of each day (UTC)',
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
