package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.HttpSettings.PathNormalization;
import io.netty.util.AsciiString;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Paths in and out as recorded in the cases http-path-default, http-path-decode, http-target and authz-normalise. */
class PathNormalizerTest {
    private record Row(String in, String out) {}

    private static final List<Row> BASE = List.of(
            new Row("/admin/x", "/admin/x"),
            new Row("/./admin/./x", "/admin/x"),
            new Row("/a/../admin/x", "/admin/x"),
            new Row("/../../admin/x", "/admin/x"),
            new Row("/admin/x/..", "/admin/"),
            new Row("/admin/.", "/admin/"),
            new Row("/a/%2e%2E/admin/x", "/admin/x"),
            new Row("/%61dmin/%78", "/admin/x"),
            new Row("/admin%2Fx", "/admin%2Fx"),
            new Row("/admin%2fx", "/admin%2fx"),
            new Row("/admin%5cx", "/admin%5cx"),
            new Row("/admin\\x", "/admin/x"),
            new Row("//admin//x", "//admin//x"),
            new Row("/a//../admin/x", "/a/admin/x"),
            new Row("/a%2f..%2fadmin/x", "/a%2f..%2fadmin/x"),
            new Row("/admin%252Fx", "/admin%252Fx"),
            new Row("/a%c3%a9", "/a%c3%a9"),
            new Row("/a%3Fb%23c%25d%20e", "/a%3Fb%23c%25d%20e"),
            new Row("/admin/x?p=/a/../b//c%2f", "/admin/x?p=/a/../b//c%2f"),
            new Row("/a/.../x", "/a/.../x"),
            new Row("/a/..x/x..", "/a/..x/x.."),
            new Row("/..", "/"),
            new Row("/admin/x/", "/admin/x/"),
            new Row("//admin/../admin//x", "//admin//x"),
            new Row("/a#frag", "/a"),
            new Row("/a?b=c#frag", "/a?b=c"),
            new Row("/a%23frag", "/a%23frag"),
            new Row("/a%zzb", "/a%zzb"),
            new Row("/a%2", "/a%2"),
            new Row("/a|b^c`d{e}f<g>h[i]j", "/a%7Cb%5Ec%60d%7Be%7Df%3Cg%3Eh[i]j"),
            new Row("/a\"b", "/a%22b"),
            new Row("/a;x=1/b", "/a;x=1/b"),
            new Row("/a?", "/a?"),
            new Row("/a?b?c", "/a?b?c"),
            new Row("//admin", "//admin"),
            new Row("/admin/../x", "/x"),
            new Row("/%41dmin", "/Admin"),
            new Row("/%2fadmin", "/%2fadmin"),
            new Row("/x/..%2fadmin", "/x/..%2fadmin"),
            new Row("/x/..%5cadmin", "/x/..%5cadmin"),
            new Row("/admin;x", "/admin;x"),
            new Row("/x?/admin", "/x?/admin"),
            new Row("/x#/../admin", "/x"),
            new Row("/ADMIN", "/ADMIN"),
            new Row("/%2561dmin", "/%2561dmin"),
            new Row("/%admin", "/%admin"),
            new Row("/admin%20", "/admin%20"),
            new Row("/pub/..%2fadmin", "/pub/..%2fadmin"),
            new Row("/tpl/a%2fb", "/tpl/a%2fb"));

    private static final List<Row> DECODE_AND_MERGE = List.of(
            new Row("/admin/x", "/admin/x"),
            new Row("/./admin/./x", "/admin/x"),
            new Row("/a/../admin/x", "/admin/x"),
            new Row("/../../admin/x", "/admin/x"),
            new Row("/admin/x/..", "/admin/"),
            new Row("/admin/.", "/admin/"),
            new Row("/a/%2e%2E/admin/x", "/admin/x"),
            new Row("/%61dmin/%78", "/admin/x"),
            new Row("/admin%2Fx", "/admin/x"),
            new Row("/admin%2fx", "/admin/x"),
            new Row("/admin%5cx", "/admin/x"),
            new Row("/admin\\x", "/admin/x"),
            new Row("//admin//x", "/admin/x"),
            new Row("/a//../admin/x", "/a/admin/x"),
            new Row("/a%2f..%2fadmin/x", "/admin/x"),
            new Row("/admin%252Fx", "/admin%252Fx"),
            new Row("/a%c3%a9", "/a%c3%a9"),
            new Row("/a%3Fb%23c%25d%20e", "/a%3Fb%23c%25d%20e"),
            new Row("/admin/x?p=/a/../b//c%2f", "/admin/x?p=/a/../b//c%2f"),
            new Row("/a/.../x", "/a/.../x"),
            new Row("/a/..x/x..", "/a/..x/x.."),
            new Row("/..", "/"),
            new Row("/admin/x/", "/admin/x/"),
            new Row("//admin/../admin//x", "/admin/x"));

    @Test
    void base() {
        assertThat(BASE)
                .allSatisfy(
                        r -> assertThat(normalise(r.in, PathNormalization.BASE)).isEqualTo(r.out));
    }

    @Test
    void decodeAndMerge() {
        assertThat(DECODE_AND_MERGE)
                .allSatisfy(r -> assertThat(normalise(r.in, PathNormalization.DECODE_AND_MERGE_SLASHES))
                        .isEqualTo(r.out));
    }

    @Test
    void mergeSlashesKeepsEncodedOnes() {
        assertThat(normalise("//a///b%2Fc//?x=//", PathNormalization.MERGE_SLASHES))
                .isEqualTo("/a/b%2Fc/?x=//");
    }

    @Test
    void noneOnlyCutsTheFragment() {
        assertThat(normalise("/a/../%61//b#frag", PathNormalization.NONE)).isEqualTo("/a/../%61//b");
    }

    @Test
    void nulIsRefused() {
        assertThat((Object) PathNormalizer.normalize(AsciiString.of("/a%00b"), PathNormalization.BASE))
                .isNull();
    }

    @Test
    void nothingToDoGivesTheSameInstance() {
        for (String path : List.of("/", "/api/v1/items?x=%2e%2e/../", "/a.b/c..d/e-f_g~h", "*", "/x//y")) {
            AsciiString in = AsciiString.of(path);
            assertThat((Object) PathNormalizer.normalize(in, PathNormalization.BASE))
                    .isSameAs(in);
        }
    }

    @Test
    void aSliceOfALargerArrayIsRead() {
        AsciiString wire = AsciiString.of("GET /a/../b HTTP/1.1");
        assertThat((Object) PathNormalizer.normalize(wire.subSequence(4, 11, false), PathNormalization.BASE))
                .hasToString("/b");
    }

    private static String normalise(String in, PathNormalization level) {
        return String.valueOf(PathNormalizer.normalize(AsciiString.of(in), level));
    }
}
