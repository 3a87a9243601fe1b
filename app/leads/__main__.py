"""The store child's entry: `python -m app.leads FD`, its configuration in `STORE_CHILD_CONFIG`."""

import gc
import os
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from app.leads.childconfig import VARIABLE, StoreChildConfig
from app.leads.database import Database
from app.leads.instances.stock_audio import StockVoices
from app.leads.instances.tokens import UsedTokens
from app.leads.journal import Journal
from app.leads.models import Channel
from app.leads.outgoing.outbox import Outbox
from app.leads.outgoing.webhook import WebhookDeliverer
from app.leads.questions.asking import ANSWERED_WITHIN_S, Questions
from app.leads.service import Service
from app.leads.store import LeadRules, Store
from app.leads.upkeep.forgetting import Forgetting
from app.leads.upkeep.keeper import Keeper
from app.leads.upkeep.sweeping import Keep, Sweep
from app.sidecar.manners import defer_to_worker, log_like_worker, tell_last_words


def _now() -> datetime:
    return datetime.now(UTC)


def _outboxes(config: StoreChildConfig, store: Store) -> list[Outbox]:
    outboxes = [Outbox(Channel.WEBHOOK, WebhookDeliverer(config.webhook_secret, _now), store.deliveries, _now)]
    if config.whatsapp_from and config.twilio_account_sid and config.twilio_auth_token:
        from app.leads.outgoing.whatsapp import WhatsAppDeliverer, WhatsAppSender
        from app.telephony.rest import API_URL, TwilioRest

        twilio = TwilioRest(
            config.twilio_account_sid, config.twilio_auth_token, base_url=config.twilio_api_url or API_URL
        )
        sender = WhatsAppSender(config.whatsapp_from, config.whatsapp_template_sid, config.whatsapp_status_callback)
        outboxes.append(Outbox(Channel.WHATSAPP, WhatsAppDeliverer(twilio, sender), store.deliveries, _now))
    return outboxes


NICENESS = 15  # nobody on the line waits for the store


def main() -> None:
    """Serve the worker until it is gone."""
    tell_last_words()
    defer_to_worker(NICENESS)
    log_like_worker("leads")
    config = StoreChildConfig.model_validate_json(os.environ.pop(VARIABLE))
    rules = LeadRules(
        webhook_url=config.webhook_url,
        whatsapp_from=config.whatsapp_from if config.twilio_account_sid and config.twilio_auth_token else None,
        settle_s=config.settle_s,
        abandoned_settle_s=config.abandoned_settle_s,
        transfer_settle_s=config.transfer_settle_s,
        ring_settle_s=config.ring_settle_s,
        idle_s=config.idle_s,
    )
    store = Store(Database(config.database_url), rules, _now)
    connection = socket.socket(fileno=int(sys.argv[-1]))
    connection.setblocking(True)  # noqa: FBT003 - the socket API; eventlet left it non-blocking
    outboxes = _outboxes(config, store)
    # A worker that ends may be the last for hours: a lead goes out then, even if nobody has answered a transfer yet.
    last_ahead_s = max(config.settle_s, config.transfer_settle_s, config.ring_settle_s)
    # A call whose end nobody reported may go on at the next worker, or at an instance with the same database: at none
    # where the server stops whose own file that is.
    stop_ahead_s = last_ahead_s if store.database.is_shared else max(last_ahead_s, config.abandoned_settle_s)
    files = config.files()
    tokens = UsedTokens(Database(config.database_url))
    voices = StockVoices(Database(config.database_url), _now)
    journal = Journal(config.journal_folder)
    others: dict[str, Callable[..., dict[str, Any]]] = {
        "journal": lambda: {"waiting": len(journal)},  # what waits for the database, no database can tell
        "peaks": files.peaks,
        "kept_files": files.kept_files,
        "use_token": tokens.use,
        "stock_audio": voices.read,
        "keep_stock_audio": voices.keep,
    }
    tokens.start()
    questions = Questions(Database(config.database_url, ANSWERED_WITHIN_S), others)
    keep = Keep(timedelta(days=config.words_keep_days), timedelta(days=config.lead_keep_days))
    Keeper(Sweep(Database(config.database_url), keep, _now), files).start()
    forgetting = Forgetting(
        *(store.database, files, config.journal_folder, config.webhook_url, config.audit_key, _now),
        delete_recording=config.delete_recording(),
    )
    gc.freeze()  # what imports made lives for good: to look through it would stop calls' writes for 50 ms now and then
    Service(connection, store, journal, outboxes, questions, forgetting, last_ahead_s, stop_ahead_s).run()
    sys.stderr.flush()
    os._exit(0)  # an outbox thread still in a receiver's timeout must not hold up the end


if __name__ == "__main__":
    main()
