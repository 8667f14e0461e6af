"""The right that each address requires, besides the right to see its list.

The views check these rights. Templates use this table to hide buttons and links that would be refused.
"""

from accounts.rights import Right

ACTION_RIGHTS: dict[str, Right] = {
    **dict.fromkeys(
        [
            "upload-new",
            "uploads-together",
            "sample-list",
            "upload-file",
            "upload-columns",
            "upload-columns-preview",
            "upload-invalid-rows",
            "upload-corrections",
            "upload-undo-edit",
            "upload-add-zeros",
            "upload-stale",
            "upload-read-again",
        ],
        Right.UPLOAD,
    ),
    **dict.fromkeys(
        [
            "upload-start",
            "upload-pause",
            "upload-resume",
            "upload-cancel",
            "upload-priority",
            "upload-front",
            "item-new",
            "scrubs-check",
        ],
        Right.START,
    ),
    **dict.fromkeys(["upload-approve", "upload-decline"], Right.APPROVE),
    **dict.fromkeys(
        [
            "upload-rerun",
            "upload-refresh",
            "batch-rerun",
            "items-rerun",
            "batch-send-again",
            "batch-send-singly",
            "batch-close",
            "in-doubt-send-again",
            "in-doubt-close",
            "in-doubt-list-send-again",
            "in-doubt-list-close",
            "sending-unblock",
            "unmatched-delivery-try-again",
            "unmatched-delivery-set-aside",
            "unmatched-delivery-set-alike-aside",
        ],
        Right.DECIDE,
    ),
    **dict.fromkeys(
        [
            "upload-export",
            "upload-export-choose",
            "items-export",
            "items-export-lists",
            "reconciliation-export",
            "spend-export",
            "suppressions-export",
            "layout-new",
            "layout-preview",
            "layout",
            "layout-delete",
        ],
        Right.EXPORT,
    ),
    **dict.fromkeys(
        [
            "suppressions-add",
            "suppression-done",
            "suppression-remove",
            "item-suppress",
            "items-suppress",
            "scrubs-load",
            "scrub-remove",
            "outcomes-upload",
            "outcomes-sample",
            "loaded-file",
        ],
        Right.SUPPRESS,
    ),
    **dict.fromkeys(
        [
            "item",
            "item-call",
            "item-note",
            "items-assign",
            "item-match",
            "match-undo",
            "outcome-undo",
            "find",
            "upload-problem",
            "suppressions",
            "scrubs",
            "scrub",
            "unmatched-delivery",
            "unmatched-deliveries",
        ],
        Right.SEE_CONTACTS,
    ),
    "items-share": Right.SEE_LISTS,
    **dict.fromkeys(["backups", "spend-budget", "purposes", "purpose-edit", "purpose-withdraw"], Right.ADMINISTER),
}
"""Name of an address → the right that it needs."""
