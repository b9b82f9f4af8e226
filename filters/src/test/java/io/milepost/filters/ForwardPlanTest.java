package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.http.Headers;
import io.milepost.http.RequestHead;
import io.milepost.http.ResponseHead;
import io.milepost.mesh.HeaderMutations;
import io.milepost.mesh.HeaderMutations.Action;
import io.milepost.mesh.OwnHeaders;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RetryPolicy;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.SourceRef;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Values of the recorded cases gw-req-headers, gw-backend-filters, gw-rewrite, vs-rewrite and vs-headers. */
class ForwardPlanTest {
    private static final FormatContext CONTEXT =
            (operator, arguments) -> operator.equals("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT") ? "127.2.0.1" : null;

    private static HeaderMutations headers(List<String> remove, HeaderMutations.Op... ops) {
        return new HeaderMutations(remove, List.of(ops));
    }

    private static HeaderMutations.Op set(String name, String value) {
        return new HeaderMutations.Op(name, value, Action.SET);
    }

    private static HeaderMutations.Op add(String name, String value) {
        return new HeaderMutations.Op(name, value, Action.ADD);
    }

    private static ForwardPlan plan(
            PathMatch path,
            Optional<RouteAction.Rewrite> rewrite,
            HeaderMutations rule,
            RouteAction.Backend... backends) {
        RouteAction.Forward f = new RouteAction.Forward(
                List.of(backends),
                backends.length > 1,
                500,
                rewrite,
                RouteAction.Timeouts.NONE,
                RetryPolicy.NONE,
                List.of(),
                List.of());
        RouteRule r = new RouteRule(
                "r",
                new RouteMatch(path, List.of(), List.of()),
                f,
                rule,
                rule,
                Optional.empty(),
                Optional.empty(),
                "",
                "",
                SourceRef.DEFAULT);
        return Objects.requireNonNull(RouteDecision.compile(r, 0).forward());
    }

    /** A rule that forwards by equal weights. */
    static ForwardPlan plan(Optional<RouteAction.SessionPersistence> session, List<String> clusters) {
        RouteAction.Forward f = new RouteAction.Forward(
                clusters.stream().map(c -> new RouteAction.Backend(c, 1)).toList(),
                true,
                500,
                Optional.empty(),
                RouteAction.Timeouts.NONE,
                RetryPolicy.NONE,
                List.of(),
                List.of(),
                session);
        RouteRule r = RouteRule.of("r", RouteMatch.ANY, f, "", SourceRef.DEFAULT);
        return Objects.requireNonNull(RouteDecision.compile(r, 0).forward());
    }

    private static RequestHead forwarded(ForwardPlan plan, RequestHead head) {
        plan.rewrite(head, plan.pick(0), CONTEXT, OwnHeaders.DEFAULT);
        return head;
    }

    private static RouteAction.Backend backend(HeaderMutations m) {
        return new RouteAction.Backend("c", 1, m, m, Optional.empty());
    }

    private static final HeaderMutations RULE =
            headers(List.of("x-gone-rule"), set("x-both", "rule"), set("x-rule", "rule"), add("x-added", "rule"));
    private static final HeaderMutations BACKEND = headers(
            List.of("x-gone-backend"),
            set("x-both", "backend"),
            set("x-backend", "backend"),
            add("x-added", "backend"));

    @Test
    void ofOneBackendTheBackendWins() {
        ForwardPlan p = plan(PathMatch.ANY, Optional.empty(), RULE, backend(BACKEND));
        RequestHead h = forwarded(
                p, Heads.get("/", "x-gone-rule", "1", "x-gone-backend", "1", "x-both", "client", "x-added", "client"));
        assertThat(Heads.lines(h.headers()))
                .containsExactlyInAnyOrder(
                        "x-added: client",
                        "x-added: rule",
                        "x-added: backend",
                        "x-backend: backend",
                        "x-both: backend",
                        "x-rule: rule");
    }

    @Test
    void ofSeveralBackendsTheRuleWins() {
        ForwardPlan p = plan(PathMatch.ANY, Optional.empty(), RULE, backend(BACKEND), backend(BACKEND));
        RequestHead h = forwarded(p, Heads.get("/", "x-both", "client"));
        assertThat(Heads.lines(h.headers()))
                .containsExactlyInAnyOrder(
                        "x-added: rule", "x-added: backend", "x-backend: backend", "x-both: rule", "x-rule: rule");
        ResponseHead response =
                new ResponseHead(200, new Headers().add("x-both", "own").add("x-added", "own"));
        p.pick(0).responseHeaders().apply(response, h, CONTEXT);
        assertThat(Heads.lines(response.headers()))
                .contains("x-both: rule", "x-added: own", "x-added: rule", "x-added: backend");
    }

    @Test
    void hosts() {
        HeaderMutations rule = headers(List.of(), add("host", "added.example"), set("host", "rule.example"));
        HeaderMutations own = headers(List.of(), set("host", "backend.example"));
        assertHost(plan(PathMatch.ANY, Optional.empty(), rule, backend(own)), "rule.example", "ratings:9080");
        assertHost(
                plan(PathMatch.ANY, Optional.empty(), HeaderMutations.NONE, backend(own)),
                "backend.example",
                "ratings:9080");
        assertHost(
                plan(PathMatch.ANY, Optional.empty(), HeaderMutations.NONE, backend(own), backend(own)),
                "backend.example",
                "");
        assertHost(
                plan(PathMatch.ANY, Optional.empty(), rule, backend(own), backend(own)),
                "rule.example",
                "backend.example");
        RouteAction.Rewrite rewrite =
                new RouteAction.Rewrite(Optional.empty(), Optional.empty(), Optional.of("new.example"));
        assertHost(
                plan(PathMatch.ANY, Optional.of(rewrite), rule, backend(HeaderMutations.NONE)),
                "new.example",
                "ratings:9080");
        assertHost(
                plan(
                        PathMatch.ANY,
                        Optional.empty(),
                        headers(List.of("host", "user-agent")),
                        backend(HeaderMutations.NONE)),
                "ratings:9080",
                "");
    }

    private static void assertHost(ForwardPlan plan, String host, String original) {
        RequestHead h = forwarded(plan, Heads.get("/"));
        assertThat((Object) h.authority()).hasToString(host);
        assertThat(Heads.lines(h.headers()))
                .isEqualTo(original.isEmpty() ? List.of() : List.of("x-envoy-original-host: " + original));
    }

    @Test
    void operators() {
        HeaderMutations m = headers(
                List.of(),
                set("x-from", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
                set("x-copy", "%REQ(x-in)%!"),
                set("x-percent", "100%%"),
                set("x-cut", "%REQ(x-none?x-in):2%"),
                set("x-missing", "%REQ(x-none)%"),
                set("x-empty", ""));
        ForwardPlan p = plan(PathMatch.ANY, Optional.empty(), m, backend(HeaderMutations.NONE));
        assertThat(Heads.lines(forwarded(p, Heads.get("/", "x-in", "hello", "x-empty", "kept"))
                        .headers()))
                .containsExactly(
                        "x-in: hello",
                        "x-empty: kept",
                        "x-from: 127.2.0.1",
                        "x-copy: hello!",
                        "x-percent: 100%",
                        "x-cut: he");
    }

    @Test
    void additionsToSingleLineHeadersAreJoined() {
        ResponseHead r =
                new ResponseHead(200, new Headers().add("vary", "Origin").add("x-a", "1"));
        HeaderRewriter.compile(
                        headers(List.of(), add("vary", "Accept"), add("x-a", "2"), set("x-code", "%RESPONSE_CODE%")))
                .apply(r, null, FormatContext.NONE);
        assertThat(Heads.lines(r.headers())).containsExactly("vary: Origin,Accept", "x-a: 1", "x-code: 200", "x-a: 2");
    }

    private record Row(PathMatch match, String replacement, String in, String out) {}

    private static PathMatch prefix(String p) {
        return new PathMatch.Prefix(p, false);
    }

    private static PathMatch segments(String p) {
        return new PathMatch.SegmentPrefix(p, false);
    }

    private static final List<Row> REWRITES = List.of(
            new Row(prefix("/old/"), "/new/", "/old/?q=/old/", "/new/?q=/old/"),
            new Row(prefix("/bare"), "/", "/bare/a", "//a"),
            new Row(prefix("/bare"), "/", "/barefoot", "/foot"),
            new Row(new PathMatch.Exact("/exact", false), "/whole", "/exact?a=1", "/whole?a=1"),
            new Row(new PathMatch.Regex("/rx/.*"), "/fixed", "/rx/any/thing", "/fixed"),
            new Row(segments("/prefix"), "/new", "/prefix/a?q=1", "/new/a?q=1"),
            new Row(segments("/prefix"), "/new", "/prefix?q", "/new?q"),
            new Row(segments("/strip"), "/", "/strip/a/b", "/a/b"),
            new Row(segments("/strip"), "/", "/strip", "/"),
            new Row(segments("/strip"), "/", "/strip/", "/"),
            new Row(segments("/strip"), "/", "/strip?x=/strip", "/?x=/strip"),
            new Row(segments("/strip"), "/", "/strip//a", "//a"),
            new Row(segments("/empty"), "", "/empty/a", "/a"),
            new Row(segments("/trail/"), "/new/", "/trail/a", "/new/a"),
            new Row(segments("/trail/"), "/new/", "/trail", "/new"),
            new Row(segments("/"), "/root", "/x", "/rootx"),
            new Row(segments("/"), "/root", "/", "/root"));

    @Test
    void pathsAreRewritten() {
        assertThat(REWRITES).allSatisfy(r -> {
            RouteAction.Rewrite rewrite =
                    new RouteAction.Rewrite(Optional.of(r.replacement), Optional.empty(), Optional.empty());
            ForwardPlan p = plan(r.match, Optional.of(rewrite), HeaderMutations.NONE, backend(HeaderMutations.NONE));
            RequestHead h = forwarded(p, Heads.get(r.in, "x-envoy-original-path", "/lie"));
            assertThat((Object) h.path()).hasToString(r.out);
            assertThat(Heads.lines(h.headers())).containsExactly("x-envoy-original-path: " + r.in);
        });
    }

    @Test
    void expressionsReplaceAllOccurrences() {
        assertThat(regex("a", "X", "/all-a/?a")).isEqualTo("/Xll-X/?a");
        assertThat(regex("/sub/([^/]+)/(.*)", "/\\2/at/\\1", "/sub/x/y/z")).isEqualTo("/y/z/at/x");
        assertThat(regex("/.*", "/f?own=1", "/p?client=1")).isEqualTo("/f?own=1?client=1");
        assertThat(regex("/(b)", "/$\\10", "/b")).isEqualTo("/$b0");
    }

    private static String regex(String pattern, String substitution, String path) {
        RouteAction.Rewrite r = new RouteAction.Rewrite(
                Optional.empty(), Optional.of(new RouteAction.RegexRewrite(pattern, substitution)), Optional.empty());
        ForwardPlan p = plan(PathMatch.ANY, Optional.of(r), HeaderMutations.NONE, backend(HeaderMutations.NONE));
        return forwarded(p, Heads.get(path)).path().toString();
    }

    @Test
    void weightsOfZeroAreNeverChosen() {
        WeightedPick w = new WeightedPick(new int[] {0, 1, 3});
        int[] hits = new int[3];
        for (long i = 0; i < 400; i++) {
            hits[w.pick(i)]++;
        }
        assertThat(hits).containsExactly(0, 100, 300);
    }

    private static RouteAction.Backend backend(RouteAction.BackendAction own) {
        return new RouteAction.Backend(
                "c", 1, HeaderMutations.NONE, HeaderMutations.NONE, Optional.empty(), Optional.of(own));
    }

    private static Optional<RouteAction.Rewrite> to(String prefix, String host) {
        return Optional.of(new RouteAction.Rewrite(Optional.of(prefix), Optional.empty(), Optional.of(host)));
    }

    /** Filters of a backendRef, mode strict: the Gateway API's words, not recorded (istiod has them not). */
    @Test
    void aBackendsOwnRewriteReplacesTheRules() {
        ForwardPlan p = plan(
                new PathMatch.SegmentPrefix("/a", false),
                to("/rule", "rule.example"),
                HeaderMutations.NONE,
                backend(new RouteAction.BackendAction(Optional.empty(), to("/own", "own.example"), List.of())),
                backend(HeaderMutations.NONE));
        RequestHead own = Heads.get("/a/x?q");
        p.rewrite(own, p.targets().getFirst(), CONTEXT, OwnHeaders.DEFAULT);
        assertThat(own.path().toString()).isEqualTo("/own/x?q");
        assertThat(own.authority().toString()).isEqualTo("own.example");
        RequestHead other = Heads.get("/a/x?q");
        p.rewrite(other, p.targets().get(1), CONTEXT, OwnHeaders.DEFAULT);
        assertThat(other.path().toString()).isEqualTo("/rule/x?q");
        assertThat(other.authority().toString()).isEqualTo("rule.example");
    }

    @Test
    void aBackendsOwnAnswerAndCopies() {
        RouteAction.Redirect redirect = new RouteAction.Redirect(
                301,
                Optional.empty(),
                Optional.of("other.example"),
                0,
                Optional.empty(),
                Optional.of("/new"),
                Optional.empty(),
                false);
        RouteAction.Mirror copy = new RouteAction.Mirror("m", 1_000_000);
        ForwardPlan p = plan(
                new PathMatch.SegmentPrefix("/a", false),
                Optional.empty(),
                HeaderMutations.NONE,
                backend(new RouteAction.BackendAction(Optional.of(redirect), Optional.empty(), List.of())),
                backend(new RouteAction.BackendAction(
                        Optional.of(new RouteAction.DirectReply(500, "")), Optional.empty(), List.of())),
                backend(new RouteAction.BackendAction(Optional.empty(), Optional.empty(), List.of(copy))));
        LocalReply moved = Objects.requireNonNull(p.targets().getFirst().answer(Heads.get("/a/x")));
        assertThat(moved.status()).isEqualTo(301);
        assertThat(Heads.lines(moved.head(false).headers())).contains("location: http://other.example/new/x");
        assertThat(Objects.requireNonNull(p.targets().get(1).answer(Heads.get("/a")))
                        .status())
                .isEqualTo(500);
        assertThat(p.targets().get(2).answer(Heads.get("/a"))).isNull();
        assertThat(p.targets().get(2).mirrors()).containsExactly(copy);
        assertThat(p.targets().getFirst().mirrors()).isEmpty();
    }
}
