namespace Link.Core.Api.Access;

/// <summary>A line of the users file.</summary>
internal sealed record ApiUser(string Name, Role Role, PasswordHash Hash);
