// The part of fdwsync.refresh() for watermarks: which columns can be one, and what a refresh by one compares. The command's
// counterpart is loader/strategies/watermark.ts.

import { openTransactions } from '../../kinds/table/refresh/open-transactions.ts'
import { watermarkColumn, watermarkTypes } from '../../kinds/table/refresh/watermark-column.ts'
import { statesQuery } from '../strategy-states.ts'
import { callAsOwner, requireOwner } from './as-owner.ts'
import { roughDuration } from './rough-duration.ts'
import { constantOf, place, templateOf } from './template.ts'

const rows = watermarkTypes.map((shown) => {
  const column = watermarkColumn(shown)
  if (!column) throw new Error(`a column of type ${shown} cannot be a watermark`)
  const constants = [shown, column.type, column.lowest, column.overlap, column.overlaps].map(constantOf)
  const templates = [column.before(place(1), place(2), place(3)), column.counts(place(1)), column.textOf(place(1))].map(
    templateOf,
  )
  return `(${[...constants, ...templates, column.isTime].join(', ')})`
})

/**
 * The facts about the column of a watermark, as JSON; NULL if it cannot be one. For a query with the policy `l` and the view `v`.
 */
export const watermarkColumnOf = `
             (SELECT to_jsonb(w) FROM pg_attribute a
                JOIN (VALUES ${rows.join(`,
                        `)})
                  AS w(shown, type, lowest, overlap, allowed, before, counts, shown_as, is_time) ON w.shown = format_type(a.atttypid, NULL)
               WHERE a.attrelid = v.oid AND a.attname = l.watermark ->> 'column')`

/** Sets `unusable`: why the watermark of a member cannot be used. */
export const findUnusable = `
    unusable := CASE WHEN member.watermark IS NULL THEN 'it has no watermark'
                     WHEN member.grows IS NULL OR (member.watermark ->> 'overlap' ~ (member.grows ->> 'allowed')) IS FALSE
                     THEN format('its column %I cannot be its watermark', member.watermark ->> 'column') END;`

/** Sets `known`: what earlier refreshes of a member have found. */
export const findKnown = `
      SELECT s.*, CASE WHEN s.watermark ->> 'column' = member.watermark ->> 'column'
                          AND s.watermark ->> 'soft' IS NOT DISTINCT FROM member.watermark ->> 'soft' THEN s.watermark ->> 'value' END AS reached,
             coalesce((s.watermark ->> 'openSeconds')::float8, 0) AS open_seconds INTO known
        FROM (${statesQuery('ARRAY[member.address]')}) AS s;`

/** Sets `scope`: what a refresh by watermark compares, from which value on, and why. */
export const findScope = `
      scope := jsonb_build_object('how', 'watermark', 'reached', known.reached, 'open_seconds', known.open_seconds, 'compared', CASE
        WHEN known.reached IS NULL OR known."allMillisecondsAgo" IS NULL
             OR known."allMillisecondsAgo" >= (member.watermark ->> 'fullMilliseconds')::float8 THEN 'all'
        WHEN coalesce(known."keysMillisecondsAgo", 'Infinity') >= (member.watermark ->> 'deletesMilliseconds')::float8 THEN 'keys' ELSE 'changes' END);
      scope := scope || jsonb_build_object('because', CASE
        WHEN known.reached IS NULL OR known."allMillisecondsAgo" IS NULL THEN 'everything is compared, since no earlier watermark is recorded'
        WHEN scope ->> 'compared' = 'all' THEN 'everything is compared, as often as its policy declares'
        ELSE concat(CASE pg_relation_size(member.oid) WHEN 0 THEN 'everything is read, since it is empty'
                         ELSE concat('changes since ', member.watermark ->> 'column', ' ', known.reached, CASE WHEN known.open_seconds >= 1
                           THEN format(', less %s for a transaction that was open then', ${roughDuration('known.open_seconds::numeric')}) END) END,
                    CASE scope ->> 'compared' WHEN 'keys' THEN ', and keys, to find deleted rows' END) END);`

const block = `format(${templateOf(openTransactions(place(1)))}, format('CAST(%L AS pg_catalog.regclass)', (member ->> 'source')::oid::regclass::text))`

/** Sets `open_seconds`, by address: how long the oldest transaction has been open at the sources. Comes before anything is read. */
export const findOpenTransactions = `
  FOREACH member IN ARRAY members LOOP
    IF member ->> 'how' = 'watermark' AND (member #>> '{grows,is_time}')::bool THEN
      SELECT coalesce(string_agg(quote_ident(name), ', '), '') INTO path FROM jsonb_array_elements_text(member -> 'path') AS name;${requireOwner}${callAsOwner(block, 'answer')}
      open_seconds := open_seconds || jsonb_build_object(member ->> 'address', answer::float8);
    END IF;
  END LOOP;`
