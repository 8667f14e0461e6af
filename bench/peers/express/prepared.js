// The receiver of transaction.js, tuned: one prepared statement, the body stored as received, and no optional headers.
import express from 'express'
import pg from 'pg'
import { start } from './start.js'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL) })
const app = express()
app.disable('x-powered-by')
app.disable('etag')

const text = `UPDATE batches_item AS item
  SET outcome = $3, message = $4, request_id = $5, credits = $6, answer = $7, answered_at = now(),
      answered_via_id = batch.id
  FROM batches_batch AS batch
  WHERE batch.token = $1 AND item.id = $2 AND item.upload_id = batch.upload_id AND item.outcome = 'pending'`

app.post('/webhooks/item/:token/', express.text({ type: '*/*', limit: '1mb' }), async (req, res) => {
  if (req.get('x-api-key') !== process.env.API_KEY) return res.status(401).end()
  const answer = JSON.parse(req.body)
  const outcome = answer.statusCode >= 400 && answer.statusCode !== 404 ? 'error' : answer.match ? 'matched' : 'no_match'
  try {
    await pool.query({
      name: 'file',
      text,
      values: [req.params.token, answer.input.key, outcome, answer.responseMessage, answer.batchRequestId,
        answer.credits, req.body]
    })
    res.status(200).end()
  } catch (error) {
    res.status(503).end()
  }
})

start(app)
