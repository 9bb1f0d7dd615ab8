using System.Text;
using Link.Core.Plugins.Outscale;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

public sealed class OutscaleJsonTests
{
    [Fact]
    public void Requests_have_the_fields_of_the_API()
    {
        Assert.Equal("""{"Filters":{"PublicIpIds":["eipalloc-1"]}}""", Encoding.UTF8.GetString(OutscaleJson.ReadRequest("eipalloc-1")));
        Assert.Equal("""{"AllowRelink":true,"NicId":"eni-1","PublicIpId":"eipalloc-1"}""", Encoding.UTF8.GetString(OutscaleJson.LinkRequest("eipalloc-1", "eni-1")));
        Assert.Equal("""{"LinkPublicIpId":"eipassoc-1"}""", Encoding.UTF8.GetString(OutscaleJson.UnlinkRequest("eipassoc-1")));
    }

    [Theory]
    [InlineData("""{"PublicIps":[{"PublicIpId":"a","LinkPublicIpId":"b","NicId":"c","VmId":"i","Tags":[{}]}],"ResponseContext":{}}""", "a", "b", "c")]
    [InlineData("""{"PublicIps":[{"PublicIpId":"a","LinkPublicIpId":null,"NicId":null}]}""", "a", null, null)]
    [InlineData("""{"PublicIps":[7,null,{"NicId":"x"},{"PublicIpId":"a","LinkPublicIpId":"","NicId":["c"]}]}""", "a", null, null)]
    public void An_answer_is_read_leniently(string json, string id, string? association, string? nic) =>
        Assert.Equal(new PublicIp(id, association, nic), Assert.Single(OutscaleJson.ReadAnswer(Bytes(json))!));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"PublicIps":{}}""")]
    [InlineData("""{"PublicIps":[""")]
    [InlineData("<html>")]
    [InlineData("""{"\ud800":1,"PublicIps":"x"}""")]
    public void What_is_no_answer_is_none(string json) => Assert.Null(OutscaleJson.ReadAnswer(Bytes(json)));

    [Fact]
    public void Depth_is_bounded() => Assert.False(OutscaleJson.IsObject(Bytes("""{"a":""" + new string('[', 10_000))));

    [Theory]
    [InlineData("""{"Errors":[{"Code":"1","Type":"AccessDenied","Details":"d"},{"Code":"2"}],"ResponseContext":{"RequestId":"r"}}""", "1", "AccessDenied", "d", "r")]
    [InlineData("""{"Errors":[{"Code":1,"Type":null}]}""", "1", null, null, null)]
    [InlineData("""{"Errors":[{"Code":"1","Details":"\ud800"}]}""", "1", null, null, null)]
    [InlineData("""{"Errors":[{"\ud800":1,"Code":"11"}]}""", "11", null, null, null)]
    [InlineData("""{"\ud800":[{"Code":"11"}]}""", null, null, null, null)]
    [InlineData("""{"Errors":[]}""", null, null, null, null)]
    [InlineData("""{"Errors":[[]],"ResponseContext":7}""", null, null, null, null)]
    [InlineData("no", null, null, null, null)]
    public void An_error_is_read_leniently(string json, string? code, string? type, string? details, string? request) =>
        Assert.Equal(new OutscaleError(code, type, details, request), OutscaleJson.Error(Bytes(json)));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
