"""The sandbox: answers like Atlassian, from its own SQLite file.

In process: `session.mount("https://", SandboxAdapter(State(path)))`; over HTTP: `manage.py sandbox`. The host says
which site is meant (ACME, GLOBEX; api.atlassian.com for ORG_ID and DEVELOPER_ID), ACCOUNTS who may ask: the first may
do everything (its token is the organisation's key, too, as a bearer), the second edits some spaces and sees neither HR
nor drafts of documents, the third only looks. What the seed holds: `seed.py`, `seed_documents.py`.

Prepare, and look behind the API (names of levels and keys of spaces go in, ids are text):

    state = State(path)                                  # clock=… moves time; state.copy_to(path) is quick;
                                                         # state.sleep = waited.append: nobody waits for latency
    ensure_seeded(state)                                 # the demo; seed_basics(state): only people, sites, levels
    state.add_space(ACME, "BIG", pages=1000, level="Internal")
    state.add_item(ACME, "BIG", title="A page", level="Public")
    state.add_app("my-product"); state.add_document("my-product", {"commonCloud": {…}}, state="live")
    state.level_id("Public"), state.space_id(ACME, "ENG"), state.item_ids(ACME, "ENG"), state.own_level(ACME, item)
    product_id("Status Board"), state.document(product, "draft"), state.document_text(product, "live")
    state.set_right("viewer@example.com", NONE, host=ACME, space="ENG"); state.revoke("sandbox-admin-token")
    state.set_dialect(ACME, "reference"); state.set_entitled(ACME, False); state.set_organization_default("Public")
    state.set_policies_readable(ACME, True)              # API tokens read data policies, too; else only apps (demo: on)
    state.set_setting("review_reads", 3)                 # reads of a published document that still say SUBMITTED
    state.set_setting("events_per_minute", None)         # lifts the audit log's ten queries a minute
    state.calls, state.peak_in_flight                    # counted over all adapters of this process on that file

Switches of failure; each also takes `call=`, `host=`, `item=`, `skip=`, `times=`, `until=` (see `faults.py`):

    faults.latency(state, 50)                            # milliseconds, every call
    faults.rate_limit(state, retry_after=2, times=3)     # 429; until=… counts down; style="quota" or "beta"
    faults.near_limit(state, remaining=3)                # good answers that warn
    faults.parallel_limit(state, 20)                     # 429 beyond 20 calls under way
    faults.server_error(state, status=503, call="confluence.spaces", times=1)
    faults.refuse(state, item="98310", operation="set", message="This page is under legal hold.")
    faults.reset_connection(state, times=1)              # nothing was done
    faults.lost_answer(state, call="marketplace.publish", times=1)    # it was done, but no answer comes
    faults.late_arrival(state, call="marketplace.publish", times=1)   # no answer; done once a test says
    deliver_late(state)                                  # … that it arrives
    faults.slow_body(state, 60)                          # faults.cut_body, broken_body, oversized, html_answer,
    faults.redirect(state, to="https://elsewhere.example.com/")       # duplicate_keys, not_a_number: the same way
    faults.stranger_meanwhile(state, "edit_draft", before="marketplace.publish", product_id=product)
    faults.stranger_meanwhile(state, "delete_item", before="confluence.page_level.set", item="98310")
    stranger.act(state, "archive_level", host=ACME, level="Internal")    # now; all that strangers do: stranger.ACTIONS
    faults.active(state); faults.clear(state)

Names of calls, as in `call=` (patterns with * work) and in the counters:

    confluence.levels .spaces .space .space_pages .space_blogposts .pages .blogposts .page .blogpost .whiteboard
    .database .data_policies .data_policy_spaces .space_default.get .set .clear; confluence.page_level.get .set .reset
    .remove, and so blogpost_level, whiteboard_level, database_level
    jira.levels .projects .project .project_default.get .set .clear .project_config
    organization.levels .level.create .get .edit .archive .restore .levels.publish .reorder .events
    .events_stream .event_actions
    marketplace.trust_info .put_draft .discard_draft .publish .apps .developer_space
"""
