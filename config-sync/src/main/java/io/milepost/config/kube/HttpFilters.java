package io.milepost.config.kube;

import com.google.re2j.Pattern;
import io.milepost.mesh.PathMatch;
import io.milepost.mesh.RouteAction;
import io.milepost.mesh.RouteAction.Mirror;
import io.milepost.mesh.RouteAction.RegexRewrite;
import io.milepost.mesh.RouteAction.Rewrite;
import io.milepost.mesh.RouteRule.Cors;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The filters of a rule or of a backend of an HTTPRoute. */
record HttpFilters(
        HeaderOps request,
        HeaderOps response,
        Optional<Redirect> redirect,
        Optional<UrlRewrite> urlRewrite,
        List<Mirror> mirrors,
        Optional<Cors> cors) {
    private static final String ANY_ORIGIN = "^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$";

    /** @param port 0 when the rule names none */
    record Redirect(
            Optional<String> scheme,
            Optional<String> host,
            int port,
            Optional<String> path,
            Optional<String> prefix,
            int status) {

        /** Without scheme and port the service port is written; a scheme's default port never is. */
        RouteAction.Redirect toAction(int listenerPort) {
            String effective = scheme.orElse("http");
            int p = port != 0 ? port : scheme.isPresent() ? 0 : listenerPort;
            if (p == 80 && effective.equals("http") || p == 443 && effective.equals("https")) {
                p = 0;
            }
            return new RouteAction.Redirect(status, scheme, host, p, path, prefix, Optional.empty(), false);
        }
    }

    record UrlRewrite(Optional<String> host, Optional<String> fullPath, Optional<String> prefix) {}

    /** Empty when a filter is not supported: istiod then drops the whole route. */
    static Optional<HttpFilters> of(Fields owner, boolean backend, Function<Fields, Optional<Mirror>> toMirror) {
        HeaderOps request = HeaderOps.NONE;
        HeaderOps response = HeaderOps.NONE;
        Optional<Redirect> redirect = Optional.empty();
        Optional<UrlRewrite> rewrite = Optional.empty();
        Optional<Cors> cors = Optional.empty();
        List<Mirror> mirrors = new ArrayList<>();
        for (Fields f : owner.list("filters")) {
            String type = f.text("type", "");
            switch (type) {
                case "RequestHeaderModifier" ->
                    request = request.then(HeaderOps.ofGateway(f.at("requestHeaderModifier"), true));
                case "ResponseHeaderModifier" ->
                    response = response.then(HeaderOps.ofGateway(f.at("responseHeaderModifier"), false));
                case "RequestRedirect" -> redirect = Optional.of(redirect(f.at("requestRedirect")));
                case "URLRewrite" -> rewrite = Optional.of(rewrite(f.at("urlRewrite")));
                case "RequestMirror" -> toMirror.apply(f.at("requestMirror")).ifPresent(mirrors::add);
                case "CORS" -> cors = Optional.of(cors(f.at("cors")));
                default -> {
                    f.warn("type", "filter '" + type + "' is not supported, the whole route is dropped: remove it");
                    return Optional.empty();
                }
            }
            if (backend && !type.equals("RequestHeaderModifier") && !type.equals("ResponseHeaderModifier")) {
                f.warn(
                        "type",
                        "filter '" + type + "' is not supported on a backend, the whole route is dropped: move it "
                                + "to the rule");
                return Optional.empty();
            }
        }
        return Optional.of(new HttpFilters(request, response, redirect, rewrite, mirrors, cors));
    }

    private static Redirect redirect(Fields f) {
        Optional<String> full = Optional.empty();
        Optional<String> prefix = Optional.empty();
        if (f.has("path")) {
            Fields p = f.at("path");
            if (p.text("type", "").equals("ReplaceFullPath")) {
                full = Optional.of(p.text("replaceFullPath", ""));
            } else {
                prefix = p.text("replacePrefixMatch").filter(x -> !x.isEmpty());
            }
        }
        return new Redirect(
                f.text("scheme"), f.text("hostname"), f.integer("port", 0), full, prefix, f.integer("statusCode", 302));
    }

    private static UrlRewrite rewrite(Fields f) {
        Fields p = f.at("path");
        boolean full = p.text("type", "").equals("ReplaceFullPath");
        return new UrlRewrite(
                f.text("hostname"),
                full ? Optional.of(p.text("replaceFullPath", "")) : Optional.empty(),
                !full && p.exists() ? Optional.of(p.text("replacePrefixMatch", "")) : Optional.empty());
    }

    /** Joins the rule's rewrite with a changed Host; the rewrite's own host name wins. */
    Optional<Rewrite> rewrite(PathMatch match, Optional<String> hostHeader) {
        Optional<String> host = urlRewrite.flatMap(UrlRewrite::host).or(() -> hostHeader);
        Optional<String> prefix = Optional.empty();
        Optional<RegexRewrite> regex = Optional.empty();
        if (urlRewrite.isPresent()) {
            UrlRewrite u = urlRewrite.get();
            if (u.fullPath().isPresent()) {
                regex = Optional.of(new RegexRewrite("/.*", u.fullPath().get()));
            } else if (u.prefix().isPresent()) {
                String p = u.prefix().get();
                p = p.endsWith("/") ? p.substring(0, p.length() - 1) : p;
                String matched = switch (match) {
                    case PathMatch.SegmentPrefix s -> s.prefix();
                    case PathMatch.Exact e -> e.path();
                    default -> "";
                };
                if (p.isEmpty()) {
                    regex = Optional.of(new RegexRewrite("^" + quote(matched) + "(/?)(.*)", "/\\2"));
                } else {
                    prefix = Optional.of(p);
                }
            }
        }
        return host.isEmpty() && prefix.isEmpty() && regex.isEmpty()
                ? Optional.empty()
                : Optional.of(new Rewrite(prefix, regex, host));
    }

    private static String quote(String s) {
        return s.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '/' || c == '-' || c == '_')
                ? s
                : Pattern.quote(s);
    }

    private static Cors cors(Fields f) {
        List<ValueMatch> origins = new ArrayList<>();
        for (String o : f.texts("allowOrigins")) {
            if (o.equals("*")) {
                origins.add(new ValueMatch.Regex(ANY_ORIGIN));
            } else if (o.indexOf('*') >= 0) {
                StringBuilder re = new StringBuilder("^");
                for (String part : o.split("\\*", -1)) {
                    re.append(re.length() > 1 ? ".*" : "").append(part.replace(".", "\\."));
                }
                origins.add(new ValueMatch.Regex(re.append('$').toString()));
            } else {
                origins.add(ValueMatch.exact(o));
            }
        }
        return new Cors(
                origins,
                f.texts("allowMethods"),
                f.texts("allowHeaders"),
                f.texts("exposeHeaders"),
                f.text("maxAge", "5"),
                f.has("allowCredentials") ? Optional.of(f.bool("allowCredentials", false)) : Optional.empty(),
                false);
    }
}
