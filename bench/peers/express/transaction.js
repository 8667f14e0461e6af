// The receiver as the vendor suggests it to its users: store the payload and update the row in one transaction.
import express from 'express'
import pg from 'pg'
import { start } from './start.js'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL) })
const app = express()
app.use(express.json({ limit: '1mb' }))

app.post('/webhooks/item/:token/', async (req, res) => {
  if (req.get('x-api-key') !== process.env.API_KEY) return res.status(401).end()
  const answer = req.body
  const outcome = answer.statusCode >= 400 && answer.statusCode !== 404 ? 'error' : answer.match ? 'matched' : 'no_match'
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(
      'INSERT INTO peer_result (item_id, request_id, payload) VALUES ($1, $2, $3)',
      [answer.input.key, answer.batchRequestId, answer])
    await client.query(
      `UPDATE batches_item SET outcome = $2, message = $3, request_id = $4, credits = $5, answered_at = now()
       WHERE id = $1`,
      [answer.input.key, outcome, answer.responseMessage, answer.batchRequestId, answer.credits])
    await client.query('COMMIT')
    res.status(200).end()
  } catch (error) {
    await client.query('ROLLBACK')
    res.status(503).end()
  } finally {
    client.release()
  }
})

start(app)
