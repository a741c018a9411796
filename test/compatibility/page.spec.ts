import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { compatibilityPage, renderCompatibilityPage } from '../support/compatibility-page.js'

test('docs/compatibility.md says what is tested', () => {
  const page = renderCompatibilityPage()
  if (process.env['OPENCLAW_TEST_UPDATE'] === '1') writeFileSync(compatibilityPage, page)
  const regenerate = 'Run: node -C openclaw-source --import tsx test/support/compatibility-page.ts'
  assert.equal(readFileSync(compatibilityPage, 'utf8'), page, regenerate)
})
