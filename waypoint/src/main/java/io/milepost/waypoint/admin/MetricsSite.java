package io.milepost.waypoint.admin;

import java.io.IOException;
import java.io.UncheckedIOException;

/** What Prometheus scrapes; on 15020 also readiness, as Istio's agent has it there. */
final class MetricsSite implements Site {
    private static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Operations operations;

    MetricsSite(Operations operations) {
        this.operations = operations;
    }

    static Answer scrape(Operations operations) {
        StringBuilder out = new StringBuilder(64 << 10);
        try {
            operations.scrape(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Answer(200, CONTENT_TYPE, out.toString());
    }

    @Override
    public Answer answer(Question q) {
        return switch (q.path()) {
            case "/stats/prometheus", "/metrics" -> scrape(operations);
            case StatusSite.READY -> StatusSite.ready(operations);
            default -> Answer.notFound(q.path());
        };
    }
}
