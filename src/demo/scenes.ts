import { type Play, verify } from './play.ts'

/** The story of the demo, in order. Each scene builds on the ones before. */
export const scenes: readonly ((play: Play) => Promise<void>)[] = [
  introduce,
  preview,
  converge,
  readLocally,
  readWithoutSource,
  refreshChanges,
  drift,
  repair,
]

async function introduce({ narrator, stage }: Play): Promise<void> {
  const [count] = await stage.query(
    'shop',
    'SELECT count(DISTINCT order_id) AS orders, count(*) AS lines FROM order_lines',
  )
  await narrator.heading('Two databases')
  await narrator.say(
    `Two PostgreSQL ${stage.major} servers run for this demo. One holds "shop", the database of a`,
    `web shop: ${count?.orders} orders with ${count?.lines} lines. The other holds "analytics", which`,
    'is empty and shall get a copy of the shop for reports.',
    '',
    'examples/shop/fdwsync.yaml declares that copy: a foreign server, four foreign',
    'tables, and five materialized views with their indexes.',
  )
}

async function preview({ narrator, stage, fdwsync }: Play): Promise<void> {
  await narrator.heading('plan: what is to be done?')
  await narrator.say('plan tries it out on the target in a transaction that it rolls back, and so', 'changes nothing.')
  await fdwsync('plan', 0)
  const [made] = await stage.query('analytics', "SELECT FROM pg_namespace WHERE nspname ~ '^(shop|fdwsync)'")
  verify(made === undefined, 'plan has changed nothing')
}

async function converge({ narrator, stage, fdwsync }: Play): Promise<void> {
  await narrator.heading('apply: do it')
  await narrator.say(
    'apply shows the plan, defines everything in one transaction, looks at the result',
    'before it commits, and then fills the views, several at once.',
  )
  await fdwsync('apply --auto-approve', 0)
  for (const table of ['customers', 'products', 'orders', 'order_lines']) {
    const there = await stage.query('shop', `SELECT count(*) FROM ${table}`)
    const here = await stage.query('analytics', `SELECT count(*) FROM shop.${table}`)
    verify(equal(there, here), `shop.${table} has as many rows as its source`)
  }
}

async function readLocally({ narrator, stage, sql }: Play): Promise<void> {
  await narrator.heading('The copy answers')
  await narrator.say('The best days of the shop. revenue_by_day is a view over the copies.')
  const best = await sql('analytics', 'SELECT * FROM shop.revenue_by_day\n ORDER BY revenue DESC LIMIT 5;')
  const atSource = await stage.query(
    'shop',
    `SELECT (placed_at AT TIME ZONE 'UTC')::date AS day, count(DISTINCT id) AS orders, sum(quantity * unit_price) AS revenue
       FROM orders JOIN order_lines ON order_id = id
      WHERE status <> 'cancelled' GROUP BY 1 ORDER BY 3 DESC LIMIT 5`,
  )
  verify(equal(best, atSource), 'the best days are those of the source')
}

async function readWithoutSource({ narrator, stage, sql, failingSql }: Play): Promise<void> {
  await stage.switchOff('shop')
  await narrator.say('', "Now the shop's server is switched off. A foreign table is of no use then:")
  await failingSql('analytics', 'SELECT count(*) FROM shop_proxy.orders;')
  await narrator.say('', 'The copy, with indexes of its own, does not need it:')
  const rows = await sql(
    'analytics',
    `SELECT p.category, sum(l.quantity * l.unit_price) AS revenue
  FROM shop.order_lines AS l JOIN shop.products AS p
    ON p.id = l.product_id
 GROUP BY p.category ORDER BY revenue DESC;`,
  )
  verify(rows.length > 1, 'the copy answers while its source is off')
  await stage.switchOn('shop')
  await narrator.say('', 'The server is switched on again.')
}

async function refreshChanges({ narrator, stage, fdwsync, sql }: Play): Promise<void> {
  await narrator.heading('refresh: the source has changed')
  await narrator.say('On New Year, everybody in Paris orders two teapots, and a price goes up.')
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
  await narrator.say('', 'Readers go on reading while the views are refreshed: each has a unique index.')
  const files = await stage.query('analytics', filesOfViews)
  await fdwsync('refresh', 0)
  verify(equal(files, await stage.query('analytics', filesOfViews)), 'the views were refreshed concurrently')
  const newYear = await sql('analytics', "SELECT * FROM shop.revenue_by_day\n WHERE day >= '2026-01-01';")
  verify(newYear.length === 1, 'the day of the new orders has arrived')
  const prices = await sql('analytics', "SELECT name, price FROM shop.products\n WHERE name = 'Sand bath mat';")
  verify(prices[0]?.price === '29.90', 'the new price has arrived')
}

/** A refresh that makes readers wait gives a view another file. */
const filesOfViews = `SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'm' ORDER BY relname`

async function drift({ narrator, fdwsync, sql }: Play): Promise<void> {
  await narrator.heading('Drift: somebody changes the target by hand')
  await narrator.say(
    'Late at night, somebody helps with plain SQL. The third statement is the worst:',
    'from the next refresh on, each price would be what the shop itself has paid.',
  )
  await sql('analytics', 'DROP INDEX shop.orders_customer_idx;')
  await sql('analytics', "ALTER SERVER shop OPTIONS (SET fetch_size '10');")
  await sql(
    'analytics',
    "ALTER FOREIGN TABLE shop_proxy.products\nALTER COLUMN price OPTIONS (SET column_name 'cost');",
  )
  await sql('analytics', "COMMENT ON MATERIALIZED VIEW shop.revenue_by_day IS 'TODO';")
  await narrator.say('', 'plan finds all four, and for a pipeline its exit code 2 says "changes".')
  await fdwsync('plan --detailed-exitcode', 2)
}

async function repair({ narrator, stage, fdwsync }: Play): Promise<void> {
  await narrator.heading('apply repairs it')
  await narrator.say('The index is built anew; everything else is altered in place.')
  await fdwsync('apply --auto-approve', 0)
  const [state] = await stage.query('analytics', repaired)
  verify(equal(state, expectedState), `everything is as declared again, not ${JSON.stringify(state)}`)
  await narrator.say('', 'Nothing is left to do, and exit code 0 says so.')
  await fdwsync('plan --detailed-exitcode', 0)
}

/** What the four statements of the drift had changed. */
const repaired = `
  SELECT to_regclass('shop.orders_customer_idx')::text AS index,
         (SELECT 'fetch_size=10000' = ANY (srvoptions) FROM pg_foreign_server WHERE srvname = 'shop') AS fetches_much,
         (SELECT attfdwoptions FROM pg_attribute
           WHERE attrelid = 'shop_proxy.products'::regclass AND attname = 'price') AS price_options,
         obj_description('shop.revenue_by_day'::regclass) AS comment`
const expectedState = {
  index: 'shop.orders_customer_idx',
  fetches_much: true,
  price_options: ['column_name=list_price'],
  comment: 'orders and revenue of each day (UTC)',
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
