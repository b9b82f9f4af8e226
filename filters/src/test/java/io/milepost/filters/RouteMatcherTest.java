package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.milepost.http.RequestHead;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteMatch;
import io.milepost.mesh.RouteRule;
import io.milepost.mesh.RouteTable;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Matching as measured-behaviour.md describes it (Gateway API and VirtualService sections). */
class RouteMatcherTest {
    private static final SourceRef SOURCE = new SourceRef("VirtualService", "default", "ratings", "spec.http[0]");

    private static RouteRule rule(String name, RouteMatch match) {
        return RouteRule.of(name, match, new RouteAction.DirectReply(200, name), "", SOURCE);
    }

    private static RouteRule rule(String name, PathMatch path) {
        return rule(name, new RouteMatch(path, List.of(), List.of()));
    }

    private static RouteRule header(HeaderMatch m) {
        return rule("h", new RouteMatch(PathMatch.ANY, List.of(m), List.of()));
    }

    private static RouteRule query(ValueMatch m) {
        return rule("q", new RouteMatch(PathMatch.ANY, List.of(), List.of(new RouteMatch.QueryMatch("q", m))));
    }

    private static String route(RequestHead head, RouteRule... rules) {
        RouteDecision d = RouteMatcher.compile(new RouteTable("t", List.of("*"), List.of(rules)))
                .route(head);
        return d == null ? "404" : d.rule().name();
    }

    private static boolean matches(PathMatch m, String path) {
        return !route(Heads.get(path), rule("r", m)).equals("404");
    }

    @Test
    void segmentPrefixes() {
        PathMatch foo = new PathMatch.SegmentPrefix("/foo/", false);
        assertThat(matches(foo, "/foo")).isTrue();
        assertThat(matches(foo, "/foo/x?y")).isTrue();
        assertThat(matches(foo, "/foo?y")).isTrue();
        assertThat(matches(foo, "/foobar")).isFalse();
        assertThat(matches(foo, "/foo%2Fb")).isFalse();
        assertThat(matches(new PathMatch.SegmentPrefix("/", false), "/x")).isTrue();
        assertThat(matches(PathMatch.ANY, "*")).isFalse();
    }

    @Test
    void plainPrefixesExactPathsAndExpressions() {
        assertThat(matches(new PathMatch.Prefix("/foo", false), "/foobar")).isTrue();
        assertThat(matches(new PathMatch.Prefix("/Foo", true), "/fOObar")).isTrue();
        assertThat(matches(new PathMatch.Exact("/a", false), "/a?b")).isTrue();
        assertThat(matches(new PathMatch.Exact("/a", false), "/a/")).isFalse();
        assertThat(matches(new PathMatch.Regex("/[^/]+/(List|Get)"), "/svc/Get"))
                .isTrue();
        assertThat(matches(new PathMatch.Regex("/[^/]+/List"), "/svc/Listx")).isFalse();
    }

    @Test
    void repeatedHeadersAreComparedOneByOne() {
        RouteRule red = header(new HeaderMatch("x-team", ValueMatch.exact("red")));
        assertThat(route(Heads.get("/", "x-team", "blue", "x-team", "red"), red))
                .isEqualTo("h");
        assertThat(route(Heads.get("/", "x-team", "red, yellow"), red)).isEqualTo("404");
        RouteRule without = header(new HeaderMatch("x-team", ValueMatch.exact("red"), true, true));
        assertThat(route(Heads.get("/", "x-team", "blue", "x-team", "red"), without))
                .isEqualTo("404");
        assertThat(route(Heads.get("/"), without)).isEqualTo("h");
        assertThat(route(Heads.get("/", "x-team", ""), header(new HeaderMatch("x-team", ValueMatch.PRESENT))))
                .isEqualTo("h");
        assertThat(route(Heads.get("/"), header(new HeaderMatch("host", ValueMatch.exact("ratings:9080")))))
                .isEqualTo("h");
    }

    @Test
    void queryParametersAreUndecodedAndTheFirstCounts() {
        RouteRule one = query(ValueMatch.exact("1"));
        assertThat(route(Heads.get("/?q=1&q=2"), one)).isEqualTo("q");
        assertThat(route(Heads.get("/?q=2&q=1"), one)).isEqualTo("404");
        assertThat(route(Heads.get("/?a;q=1"), one)).isEqualTo("404");
        assertThat(route(Heads.get("/?q=%31"), one)).isEqualTo("404");
        assertThat(route(Heads.get("/?Q=1"), one)).isEqualTo("404");
        assertThat(route(Heads.get("/?x&q"), query(ValueMatch.exact("")))).isEqualTo("q");
        assertThat(route(Heads.get("/?q="), query(ValueMatch.PRESENT))).isEqualTo("q");
        assertThat(route(Heads.get("/"), query(ValueMatch.PRESENT))).isEqualTo("404");
    }

    @Test
    void domainsIgnoreCaseButNotThePort() {
        RouteTable t = new RouteTable("t", List.of("*.example.com"), List.of(rule("r", PathMatch.ANY)));
        RouteMatcher m = RouteMatcher.compile(t);
        assertThat(m.route(Heads.request("GET", "A.Example.com", "/"))).isNotNull();
        assertThat(m.route(Heads.request("GET", "a.example.com:80", "/"))).isNull();
        assertThat(m.route(Heads.request("GET", "other", "/"))).isNull();
    }

    /** The index must choose what a plain scan chooses. */
    @Test
    void theIndexKeepsTheOrder() {
        Random random = new Random(42);
        for (int round = 0; round < 200; round++) {
            List<RouteRule> rules = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                rules.add(rule("r" + i, path(random)));
            }
            RouteMatcher m = RouteMatcher.compile(new RouteTable("t", List.of("*"), rules));
            for (int i = 0; i < 50; i++) {
                RequestHead head = Heads.get(text(random) + "?q");
                String scan = "none";
                for (RouteDecision d : m.routes()) {
                    if (d.matcher().matches(head, head.pathLength())) {
                        scan = d.rule().name();
                        break;
                    }
                }
                RouteDecision found = m.route(head);
                assertThat(found == null ? "none" : found.rule().name()).isEqualTo(scan);
            }
        }
    }

    private static PathMatch path(Random r) {
        boolean fold = r.nextInt(4) == 0;
        return switch (r.nextInt(4)) {
            case 0 -> new PathMatch.Exact(text(r), fold);
            case 1 -> new PathMatch.Prefix(text(r), fold);
            case 2 -> new PathMatch.SegmentPrefix(text(r), fold);
            default -> new PathMatch.Regex(text(r) + ".*b");
        };
    }

    private static String text(Random r) {
        StringBuilder s = new StringBuilder("/");
        for (int i = r.nextInt(5); i > 0; i--) {
            s.append("/aAb".charAt(r.nextInt(4)));
        }
        return s.toString();
    }

    @Test
    void explainsWhyRulesWereNotTaken() {
        RouteTable t = new RouteTable(
                "t",
                List.of("*"),
                List.of(
                        rule("a", new PathMatch.Exact("/a", false)),
                        header(new HeaderMatch("x-team", ValueMatch.exact("red"))),
                        rule("all", PathMatch.ANY),
                        rule("never", PathMatch.ANY)));
        List<RouteMatcher.Explained> e = RouteMatcher.compile(t).explain(Heads.get("/b"));
        assertThat(e).hasSize(3);
        assertThat(e.get(0).reason()).isEqualTo("path /b is not exact /a");
        assertThat(e.get(1).reason()).startsWith("header x-team does not match");
        assertThat(e.get(2).matched()).isTrue();
    }

    @Test
    void aBrokenExpressionNamesItsObject() {
        RouteTable t = new RouteTable("t", List.of("*"), List.of(rule("r", new PathMatch.Regex("/(a"))));
        assertThatThrownBy(() -> RouteMatcher.compile(t))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("VirtualService default/ratings spec.http[0]")
                .hasMessageContaining("/(a");
    }
}
