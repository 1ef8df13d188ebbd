import pg from 'pg'

// A dozen readers in loops until standard input ends: plain, prepared and with a cursor, of the view, of one over it, and of
// both. Prints how often they read, the longest that one of them waited, in milliseconds, and the errors.
const [, , url] = process.argv
const queries = [
  'SELECT total FROM copy.orders WHERE id = 77777',
  'SELECT count(*) FROM reports.recent WHERE id < 100',
  'SELECT o.total, r.customer_id FROM copy.orders o JOIN reports.recent r USING (id) WHERE o.id = 4711',
  'SELECT customer_id FROM reports.recent WHERE id = 99',
]
const ways = [
  (client, query) => client.query(query),
  (client, query) => client.query({ name: query.slice(0, 50), text: query }),
  async (client, query) => {
    await client.query(`BEGIN; DECLARE c CURSOR FOR ${query}`)
    await client.query('FETCH ALL FROM c')
    await client.query('COMMIT')
  },
]
let isOver = false
let [reads, longest] = [0, 0]
const errors = []
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()
const loops = ways.flatMap((read) =>
  queries.map(async (query) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    while (!isOver) {
      const started = performance.now()
      await read(client, query).catch((error) => errors.push(error.message))
      longest = Math.max(longest, performance.now() - started)
      reads += 1
    }
    await client.end()
  }),
)
await Promise.all(loops)
process.stdout.write(JSON.stringify({ reads, longest, errors }))
