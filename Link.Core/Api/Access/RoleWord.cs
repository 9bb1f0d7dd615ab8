namespace Link.Core.Api.Access;

/// <summary>A role's word in the users file and in messages.</summary>
internal static class RoleWord
{
    public static string Of(Role role) => role switch
    {
        Role.Read => "read",
        Role.Operate => "operate",
        _ => "admin",
    };

    public static Role? Parse(string word) => word switch
    {
        "read" => Role.Read,
        "operate" => Role.Operate,
        "admin" => Role.Admin,
        _ => null,
    };
}
