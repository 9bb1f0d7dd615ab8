using System.Security.Cryptography;
using System.Text;
using Link.Core.Secrets;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Secrets;

public sealed class KeyTextTests
{
    [Fact]
    public void Random_bytes_in_any_usual_form_are_good()
    {
        for (int i = 0; i < 10_000; i++)
        {
            byte[] bytes = RandomNumberGenerator.GetBytes(32 + i % 33);
            string base64 = Convert.ToBase64String(bytes);
            string url = base64.Replace('+', '-').Replace('/', '_');
            foreach (string text in new[] { base64, base64.TrimEnd('='), url, url.TrimEnd('='), Convert.ToHexString(bytes), Convert.ToHexStringLower(bytes) })
                Assert.True(KeyText.Fault(new Secret(text)) is null, $"{text}: {KeyText.Fault(new Secret(text))}");
        }
    }

    [Fact]
    public void What_is_made_here_is_good_and_never_the_same()
    {
        HashSet<string> seen = [];
        for (int i = 0; i < 1000; i++)
        {
            foreach (bool hex in new[] { true, false })
            {
                Secret key = KeyText.Create(hex);
                Assert.Null(KeyText.Fault(key));
                Assert.True(seen.Add(key.Reveal()));
                Assert.Equal(32, (hex ? Convert.FromHexString(key.Reveal()) : Convert.FromBase64String(key.Reveal())).Length);
            }
        }
    }

    [Theory]
    [InlineData("planted-key-A-0123456789abcdef0123456789", "30 bytes in base64, less than 32")]
    [InlineData("correct horse battery staple and so on and so on", "neither hex nor base64")]
    [InlineData("correcthorsebatterystaplecorrecthorsebatterystab", "letters of one case")]
    [InlineData("0123456789abcdef0123456789abcdef", "16 bytes in hex, less than 32")]
    [InlineData("8f14e45fceea167a5a36dedd4bea2543e1d2c3b4a5968778", "24 bytes in hex, less than 32")]
    [InlineData("8f14e45fceea167a5a36dedd4bea2543e1d2c3b4a59687788f14e45fceea167a5", "an odd number of hex digits")]
    [InlineData("c2hvcnQgb2YgcmFuZG9tIGJ5dGVzIQ==AAAA", "neither hex nor base64")]
    [InlineData("q83vEjRWeJq83vASNFZ4mrze8BI0Vnia", "24 bytes in base64, less than 32")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "repeats itself")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "repeats itself")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "repeats itself")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "repeats itself")]
    [InlineData("deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "repeats itself")]
    [InlineData("Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2Hunter2H", "repeats itself")]
    [InlineData("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "is a sequence")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "is a sequence")]
    [InlineData("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0", "is a sequence")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "is a sequence")]
    [InlineData("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSBhbmQgc28gb24=", "is text in another form")]
    [InlineData("636f727265637420686f727365206261747465727920737461706c6520616e6420736f206f6e", "is text in another form")]
    public void What_a_person_thinks_of_is_told_and_not_shown(string text, string fault)
    {
        string? told = KeyText.Fault(new Secret(text));
        Assert.NotNull(told);
        Assert.Contains(fault, told, StringComparison.Ordinal);
        Assert.DoesNotContain(text, told, StringComparison.Ordinal);
    }

    /// <summary>Whatever the documents say how to make a key, and nothing else, is run here.</summary>
    [Fact]
    public async Task Every_command_that_the_documents_recommend_makes_a_key_without_a_warning()
    {
        string[] documents = ["docs/configuration.md", "docs/operations.md", "packaging/systemd/link.env.example", "packaging/man/link.env.5", "packaging/man/link-client.1"];
        int named = 0;
        foreach (string document in documents)
        {
            string text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, document), TestContext.Current.CancellationToken);
            Assert.DoesNotContain("openssl rand", text.Replace("\\-", "-", StringComparison.Ordinal).Replace("openssl rand -base64 32", "", StringComparison.Ordinal), StringComparison.Ordinal);
            if (text.Replace("\\-", "-", StringComparison.Ordinal).Contains("generate-key", StringComparison.Ordinal))
                named++;
        }

        Assert.Equal(documents.Length, named);
        Assert.Null(KeyText.Fault(new Secret((await Tool.RunAsync("openssl", ["rand", "-base64", "32"])).TrimEnd())));
        Assert.Null(KeyText.Fault(new Secret((await Tool.RunAsync(Programs.LinkClient, ["generate-key"])).TrimEnd())));
        Assert.Null(KeyText.Fault(new Secret((await Tool.RunAsync(Programs.LinkClient, ["generate-key", "--hex"])).TrimEnd())));
    }

    [Fact]
    public void A_text_of_many_characters_is_no_problem()
    {
        Assert.NotNull(KeyText.Fault(new Secret(new string('a', 65_536))));
        Assert.NotNull(KeyText.Fault(new Secret(string.Concat(Enumerable.Repeat("aB", 32_768)))));
        Assert.NotNull(KeyText.Fault(new Secret(Encoding.UTF8.GetString([0xc3, 0xbc]) + new string('x', 64))));
        Assert.NotNull(KeyText.Fault(new Secret("")));
    }
}
