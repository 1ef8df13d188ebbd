// Which columns can be watermarks, and which overlaps they can have.

import { expect, test } from 'vitest'
import { watermarkMistake } from '../../../src/kinds/table/refresh/watermark-column.ts'

test.each([
  ['timestamp(3) with time zone', '5', /must be a duration/],
  ['timestamp without time zone', '90s', undefined],
  ['date', '1.5d', undefined],
  ['timestamp with time zone', '0', undefined],
  ['integer', '5min', /must be a whole number/],
  ['numeric(10,2)', '0.5', undefined],
  ['text', '1', /is of type text/],
])('the overlap of a %s: %s', (type, overlap, mistake) => {
  const found = watermarkMistake([{ name: 'at', type }], { column: 'at', overlap })
  if (mistake) expect(found).toMatch(mistake)
  else expect(found).toBeUndefined()
})
