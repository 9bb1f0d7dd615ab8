using System.Net.Http.Headers;
using System.Text;
using Link.Core.Api.Access;

namespace Link.Tests.Api;

/// <summary>Users with hashes that cost as little as may be.</summary>
internal static class TestUsers
{
    public const int FewIterations = 10_000;

    public static string Line(string name, Role role, string password, int iterations = FewIterations) =>
        $"{name}:{RoleWord.Of(role)}:{PasswordHash.Create(Encoding.UTF8.GetBytes(password), iterations)}\n";

    public static AuthenticationHeaderValue Header(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
}
