package io.milepost.waypoint.admin;

import io.milepost.config.analyze.Analysis;
import io.milepost.config.analyze.AnalysisText;
import io.milepost.mesh.MeshSnapshot;

/** The admin pages. Paths are Envoy's where Envoy has the same page. */
final class AdminSite implements Site {
    private static final String HELP = """
            <!doctype html><title>Milepost waypoint</title><h1>Milepost waypoint</h1><ul>
            <li><a href="/ready">/ready</a>, <a href="/healthz">/healthz</a>: state of the waypoint, life of the process
            <li><a href="/server_info">/server_info</a>: version, state, addresses
            <li><a href="/config_dump">/config_dump</a> (<code>?resource=clusters&amp;name=reviews</code>): the configuration in force
            <li><a href="/clusters">/clusters</a> (<code>?format=json</code>): endpoints, health, active requests
            <li><a href="/findings">/findings</a>: what the translator had to say of the objects
            <li><a href="/analysis">/analysis</a> (<code>?format=json</code>): conditions of every object at its parents, and findings, of the files as they are now
            <li><a href="/stats/prometheus">/stats/prometheus</a>: metrics
            <li><a href="/logging">/logging</a>: log levels (<code>POST /logging?level=debug</code>, <code>POST /logging?io.milepost.hbone=debug</code>)
            <li><code>POST /drain</code>: lets clients go elsewhere; the process stays
            </ul>
            """;

    private final Operations operations;
    private final LogLevels levels;

    AdminSite(Operations operations, LogLevels levels) {
        this.operations = operations;
        this.levels = levels;
    }

    @Override
    public Answer answer(Question q) {
        return switch (q.path()) {
            case "/", "/help" -> new Answer(200, Answer.HTML, HELP);
            case "/ready", StatusSite.READY -> StatusSite.ready(operations);
            case "/healthz" -> Answer.text(200, "ok\n");
            case "/server_info" -> Answer.json(Json.text(operations.info()));
            case "/config_dump" -> configDump(q);
            case "/clusters" ->
                ClustersPage.render(operations, q.parameter("format").equals("json"));
            case "/findings" ->
                FindingsPage.render(operations.findings(), q.parameter("format").equals("json"));
            case "/analysis" -> analysis(q.parameter("format").equals("json"));
            case "/stats/prometheus", "/metrics" -> MetricsSite.scrape(operations);
            case "/logging" -> logging(q);
            case "/drain", "/drain_listeners" -> drain(q);
            default -> Answer.notFound(q.path());
        };
    }

    private Answer analysis(boolean json) {
        Analysis a = operations.analysis().orElse(null);
        if (a == null) {
            return Answer.text(404, "the configuration does not come from files: there is nothing to analyze\n");
        }
        return json ? Answer.json(AnalysisText.json(a)) : Answer.text(200, AnalysisText.text(a));
    }

    private Answer configDump(Question q) {
        MeshSnapshot s = operations.snapshot();
        return s == null
                ? Answer.text(503, "no configuration is in force yet\n")
                : ConfigDump.render(s, q.parameter("resource"), q.parameter("name"));
    }

    private Answer logging(Question q) {
        if (!q.query().isEmpty()) {
            if (!q.isPost()) {
                return Answer.wrongMethod("POST to change log levels, GET without parameters to list them");
            }
            String problem = levels.change(q.query());
            if (!problem.isEmpty()) {
                return Answer.text(400, problem + "\n");
            }
        }
        return Answer.text(200, levels.list());
    }

    private Answer drain(Question q) {
        if (!q.isPost()) {
            return Answer.wrongMethod("POST");
        }
        operations.drain();
        return Answer.text(200, "draining\n");
    }
}
