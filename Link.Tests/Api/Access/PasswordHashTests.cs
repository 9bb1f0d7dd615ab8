using System.Net;
using System.Text;
using Link.Core.Api.Access;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class PasswordHashTests
{
    [Fact]
    public void A_hash_is_the_password_s_and_no_other_s()
    {
        PasswordHash made = PasswordHash.Create("pässword"u8, 10_000);
        Assert.Matches(@"^\$pbkdf2-sha256\$i=10000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$", made.ToString());
        PasswordHash read = PasswordHash.Parse(made.ToString(), out _)!;
        Assert.True(read.Matches("pässword"u8, 10_000));
        Assert.True(read.Matches("pässword"u8, 30_000));
        Assert.False(read.Matches("password"u8, 30_000));
        Assert.False(read.Matches(""u8, 10_000));
        Assert.NotEqual(made.ToString(), PasswordHash.Create("pässword"u8, 10_000).ToString());
    }

    [Fact]
    public void It_is_PBKDF2_with_HMAC_SHA256_as_others_compute_it()
    {
        // Python: hashlib.pbkdf2_hmac("sha256", b"correct horse", b"0123456789abcdef", 10000)
        const string hash = "$pbkdf2-sha256$i=10000$MDEyMzQ1Njc4OWFiY2RlZg==$TI2grtvV1HW5nz2rBY4tctlrmOj5bZs0dw9j8NHpRRc=";
        Assert.True(PasswordHash.Parse(hash, out _)!.Matches("correct horse"u8, 0));
        Assert.Equal(hash.Replace("=$", "$", StringComparison.Ordinal).Replace("=$", "$", StringComparison.Ordinal).TrimEnd('='), PasswordHash.Parse(hash, out _)!.ToString());
    }

    [Theory]
    [InlineData("", "is not of the form")]
    [InlineData("hunter2", "is not of the form")]
    [InlineData("$2b$12$abcdefghijklmnopqrstuv", "is not of the form")]
    [InlineData("$pbkdf2-sha256$10000$MDEyMzQ1Njc4OWFiY2RlZg$x", "is not of the form")]
    [InlineData("$pbkdf2-sha256$i=9999$MDEyMzQ1Njc4OWFiY2RlZg$x", "iterations are not 10000 to 10000000")]
    [InlineData("$pbkdf2-sha256$i=10000001$MDEyMzQ1Njc4OWFiY2RlZg$x", "iterations")]
    [InlineData("$pbkdf2-sha256$i=-10000$MDEyMzQ1Njc4OWFiY2RlZg$x", "iterations")]
    [InlineData("$pbkdf2-sha256$i=99999999999999999999$MDEyMzQ1Njc4OWFiY2RlZg$x", "iterations")]
    [InlineData("$pbkdf2-sha256$i=10000$MDEy$x", "base64 of the right length")]
    [InlineData("$pbkdf2-sha256$i=10000$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg", "base64 of the right length")]
    [InlineData("$pbkdf2-sha256$i=10000$MDEyMzQ1Njc4OWFiY2RlZg$!!!", "base64 of the right length")]
    public void What_is_no_hash_is_said_without_showing_it(string text, string fault)
    {
        Assert.Null(PasswordHash.Parse(text, out string? said));
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Length > 0 ? text : "\0", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_salt_that_is_too_long_is_refused()
    {
        Assert.Null(PasswordHash.Parse($"$pbkdf2-sha256$i=10000${Convert.ToBase64String(new byte[65])}${Convert.ToBase64String(new byte[32])}", out _));
        Assert.NotNull(PasswordHash.Parse($"$pbkdf2-sha256$i=10000${Convert.ToBase64String(new byte[64])}${Convert.ToBase64String(new byte[32])}", out _));
        Assert.Null(PasswordHash.Parse($"$pbkdf2-sha256$i=10000${new string('A', 1_000_000)}${Convert.ToBase64String(new byte[32])}", out _));
    }

    [Fact]
    public void Pairs_that_were_found_right_are_kept_up_to_a_bound()
    {
        VerifiedPasswords verified = new();
        for (int i = 0; i < 1100; i++)
        {
            verified.Add(IPAddress.Loopback, Encoding.UTF8.GetBytes($"bob:{i}"));
        }

        Assert.Equal([false, true, false], new[] { "bob:0", "bob:1099", "bob:1100" }.Select(pair => verified.Contains(IPAddress.Loopback, Encoding.UTF8.GetBytes(pair))));
    }

    [Fact]
    public void A_pair_is_known_at_once_only_where_it_came_from()
    {
        VerifiedPasswords verified = new();
        byte[] pair = "bob:secret"u8.ToArray();
        verified.Add(IPAddress.Parse("2001:db8::"), pair);
        Assert.True(verified.Contains(IPAddress.Parse("2001:db8::"), pair));
        Assert.False(verified.Contains(IPAddress.Parse("2001:db8:0:1::"), pair));
        Assert.True(verified.Contains(pair));
        Assert.False(verified.Contains("bob:secret2"u8));
    }
}
